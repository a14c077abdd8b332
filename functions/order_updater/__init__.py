"""Tells orders what became of their invoices: paid, or open again."""
