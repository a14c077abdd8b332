"""The safety net of the outbox: publishes what the request path could not, on a schedule."""
