"""AWS on this machine, as far as the plan needs it: Lambda, its event source mappings and schedules, Secrets Manager.

Runs the real handlers under the real runtime client and answers as AWS does, or refuses clearly. IAM is not emulated.
"""
