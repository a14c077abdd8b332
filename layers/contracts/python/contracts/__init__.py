"""What crosses a process boundary: HTTP bodies, the event, the environment, the names on the broker.

Imports the standard library and pydantic's validation core, nothing else: pydantic's model layer alone would cost a
function more at its cold start than the rest of its own code (`docs/decisions/0004-lean-imports.md`).
"""
