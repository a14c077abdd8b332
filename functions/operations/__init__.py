"""What an operator needs: parked messages, outboxes, an audit, one order whole, and what mends what is stuck."""
