"""A function behind the gateway."""
