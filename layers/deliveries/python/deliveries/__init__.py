"""What comes from event source mappings, worked off: each message is done, parked or comes again.

A function says how it decodes one message and how it stores a set of them; the rest is the same for every queue.
"""
