"""What can go wrong while packaging; every message names what to do or whom it is about."""


class PackagingError(Exception):
    """The archives cannot be built."""


class NetworkError(PackagingError):
    """The package index did not answer, and the wheels are not here yet."""
