"""What an operator needs: look at parked messages, replay or dismiss them, and audit orders against invoices."""
