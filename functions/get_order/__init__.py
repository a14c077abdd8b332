"""`GET /orders/{orderId}`, `GET /health`, `GET /openapi.json`: what is stored, whether orders are accepted, and how."""
