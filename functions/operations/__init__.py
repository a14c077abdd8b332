"""What an operator needs: parked messages, the outbox, and an audit of orders against invoices."""
