"""Turns the batches of the event source mapping into invoices: at most one for each order, numbers without a gap."""
