"""Write files as a zip that depends on nothing but them: sorted, with fixed times, modes and compression."""

from __future__ import annotations

import io
import zipfile

from localregion.package.entries import Entries

# The first moment that a zip can name, and what reproducible archives carry by convention.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE = 0o100000
COMPRESSION_LEVEL = 6


def to_zip(entries: Entries, level: int = COMPRESSION_LEVEL) -> bytes:
    """Return the archive. The runtime reads as another user than the one who unpacked: all may read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(entries):
            info = zipfile.ZipInfo(path, _TIMESTAMP)
            info.create_system = _UNIX
            info.external_attr = (_REGULAR_FILE | (0o755 if entries[path].is_executable else 0o644)) << 16
            archive.writestr(info, entries[path].content, zipfile.ZIP_DEFLATED, level)
    return buffer.getvalue()
