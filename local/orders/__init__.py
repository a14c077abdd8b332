"""What of this machine's side knows orders: commands, pages of the console, smoke test, OpenAPI description."""
