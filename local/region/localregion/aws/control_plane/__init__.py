"""AWS's APIs that describe resources and run nothing, answered by moto in a process of its own.

What moto lacks is in `gaps`. Lambda's API is the platform's, and so is what S3 holds in its buckets.
"""

from pathlib import Path

# Below the state folder.
JOURNAL = Path("control_plane", "journal.jsonl")
