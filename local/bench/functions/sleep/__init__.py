"""A function that waits."""
