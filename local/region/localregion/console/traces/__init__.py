"""Traces: spans received, kept and shown."""
