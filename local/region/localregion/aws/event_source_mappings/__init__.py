"""Event source mappings: a queue's messages, in batches, to a function; and the API that manages them."""
