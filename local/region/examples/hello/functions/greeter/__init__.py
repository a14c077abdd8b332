"""A function that greets."""
