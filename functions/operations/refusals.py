"""What an operation refuses because it would do harm, or nothing; the message says what to do instead."""


class RefusedError(Exception):
    """It is not done, and nothing is changed."""
