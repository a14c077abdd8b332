"""`GET /orders/{orderId}` and `GET /health`: what is stored, and whether orders can be accepted."""
