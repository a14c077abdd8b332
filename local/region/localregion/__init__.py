"""An AWS region on this machine, as far as one program needs it."""
