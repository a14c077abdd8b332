"""The console's pages about orders and parked messages."""
