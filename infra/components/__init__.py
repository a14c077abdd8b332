"""The components of the system, one file each: its arguments, what it creates, what it grants to others."""
