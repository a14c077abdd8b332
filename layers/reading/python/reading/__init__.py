"""Orders and invoices as their customers read them."""
