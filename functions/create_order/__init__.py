"""`POST /orders`: store the order and its event in one transaction, then try to publish the event at once."""
