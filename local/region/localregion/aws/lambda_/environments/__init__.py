"""Execution environments: one process each, its runtime API, and how many there are."""
