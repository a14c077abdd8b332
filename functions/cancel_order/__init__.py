"""`POST /orders/{orderId}/cancel`: cancel an order that is not paid, and tell the invoices' side."""
