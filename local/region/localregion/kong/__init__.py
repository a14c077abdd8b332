"""The embedded gateway: stands in for Kong 3.9 (DB-less) where Kong's image cannot run.

It reads the declarative configuration that the plan carries, and answers as a real Kong was recorded to answer. What it
does not support is refused when it starts, never ignored.
"""
