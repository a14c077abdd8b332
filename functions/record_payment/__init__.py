"""`POST /webhooks/payments`: what payment providers tell, signed: recorded once, and the invoice's status with it."""
