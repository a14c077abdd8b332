"""The console: receives the spans of a running local system and shows what happens in it, as a page and as JSON.

See `docs/console.md`. Nothing depends on it: without it the system goes on, and only what it would have shown is lost.
"""
