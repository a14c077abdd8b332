"""The console of the orders system: orders, parked messages, the form for a test order, the system's picture."""
