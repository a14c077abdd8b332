"""Archives that were uploaded, each under its SHA-256: as it came, and unpacked; and layers merged into an `/opt`.

Everything appears in one step, complete, so that an emulator which is killed meanwhile leaves nothing half made. What
is no longer used is removed at the next start: an environment may still be running from it.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html has the limit.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import uuid
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

from localregion.aws.http.errors import invalid_parameter_value

UNZIPPED_MAX_BYTES = 262_144_000
_EXECUTABLE = 0o111
# The last three are of archives in which one name is a file and a folder.
_UNUSABLE = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError),
    *(NotADirectoryError, IsADirectoryError, FileExistsError),
)


class Archives:
    """A folder of archives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes) -> str:
        """Keep an archive and return its name. Raises LambdaApiError for what is none or is too large."""
        if not content:
            raise invalid_parameter_value("Uploaded file must be a non-empty zip")
        name = hashlib.sha256(content).hexdigest()
        if not self.unpacked(name).exists():
            self._unpack(content, self.unpacked(name))
        if not self.path(name).exists():
            draft = self._draft()
            draft.write_bytes(content)
            draft.replace(self.path(name))
        return name

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.zip"

    def unpacked(self, name: str) -> Path:
        return self._folder / name

    def unzipped_size(self, names: Sequence[str]) -> int:
        """Return how many bytes these archives have when they are unpacked."""
        total = 0
        for name in names:
            with zipfile.ZipFile(self.path(name)) as archive:
                total += sum(entry.file_size for entry in archive.infolist())
        return total

    def merged(self, names: Sequence[str]) -> Path:
        """Return the folder that is `/opt` for these layers: file by file, the later layer wins."""
        digest = hashlib.sha256("".join(names).encode()).hexdigest()
        folder = self._folder / f"opt-{digest}"
        if not folder.exists():
            draft = self._draft()
            draft.mkdir()
            for name in names:
                _link_files(self.unpacked(name), draft)
            _appear(draft, folder)
        return folder

    def keep_only(self, names: Collection[str], opts: Collection[Path]) -> None:
        """Remove every archive but these and every merged folder but those, and what was left half made."""
        kept = {path for name in names for path in (self.path(name), self.unpacked(name))} | set(opts)
        for path in self._folder.iterdir() if self._folder.exists() else ():
            if path in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _unpack(self, content: bytes, folder: Path) -> None:
        draft = self._draft()
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > UNZIPPED_MAX_BYTES:
                    raise invalid_parameter_value(f"Unzipped size must be smaller than {UNZIPPED_MAX_BYTES} bytes")
                draft.mkdir()
                for entry in archive.infolist():
                    _extract(archive, entry, draft)
        except _UNUSABLE as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise invalid_parameter_value(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from error
        _appear(draft, folder)

    def _draft(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"new-{uuid.uuid4().hex}"


def _appear(draft: Path, folder: Path) -> None:
    """Put a folder in its place, unless another upload of the same was faster."""
    try:
        draft.replace(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(draft)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    """Extract one file; what an archive says of its mode matters for programs only."""
    path = Path(archive.extract(entry, folder))
    mode = entry.external_attr >> 16
    if mode & _EXECUTABLE and not entry.is_dir():
        path.chmod(path.stat().st_mode | _EXECUTABLE)


def _link_files(source: Path, target: Path) -> None:
    """Put every file of the source below the target, in place of one that is there."""
    for folder, _, names in os.walk(source):
        into = target / Path(folder).relative_to(source)
        if into.exists() and not into.is_dir():
            into.unlink()
        into.mkdir(parents=True, exist_ok=True)
        for name in names:
            path = into / name
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
            os.link(Path(folder) / name, path)
