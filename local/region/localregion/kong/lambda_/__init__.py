"""The aws-lambda plugin's side towards Lambda: the event, the signed call, the answer."""
