"""`make .venv`: create or refresh the virtual environment from requirements.lock; nothing to do when it is current.

Run by the Python that is there before there is a virtual environment: standard library only, and no syntax that an old
one would stumble over before it can say that it is too old.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.getcwd()
LOCK_FILE = os.path.join(ROOT, "requirements.lock")
FOLDER = os.path.join(ROOT, ".venv")
STAMP = os.path.join(FOLDER, "installed")
OLDEST = (3, 11)
PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main() -> int:
    # A path may hold a character that the terminal's encoding does not have.
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", dict)(errors="backslashreplace")
    if sys.version_info < OLDEST:
        return fail(
            f"Python 3.11 or newer is needed and {sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}; "
            "name another one: `make up PYTHON=python3.13`"
        )
    with open(LOCK_FILE, "rb") as lock_file:
        # Two at once would install into each other's half.
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        return 0 if is_current() else install()


def wanted_stamp() -> str:
    with open(LOCK_FILE, "rb") as lock_file:
        return hashlib.sha256(lock_file.read()).hexdigest() + "\n"


def is_current() -> bool:
    if not os.path.exists(STAMP):
        return False
    with open(STAMP) as stamp:
        return stamp.read() == wanted_stamp()


def install() -> int:
    python = os.path.join(FOLDER, "bin", "python")
    if not works(python):
        print(f"creating .venv with {sys.executable}", flush=True)
        if subprocess.call([sys.executable, "-m", "venv", "--clear", FOLDER]) != 0:
            return fail(f"`{sys.executable} -m venv` failed; on Debian and Ubuntu: `apt-get install python3-venv`")
    print("installing requirements.lock into .venv, once", flush=True)
    if install_uv(python) != 0:
        return fail("pip failed, see above")
    # A third of pip's time, from the index that pip is configured for.
    uv = [python, "-m", "localregion.package.uv", "pip", "install", "--python", python, "--require-hashes"]
    if subprocess.call([*uv, "-r", LOCK_FILE], env={**os.environ, "PYTHONPATH": PACKAGE_PARENT}) != 0:
        return fail("uv failed, see above")
    with open(STAMP, "w") as stamp:
        stamp.write(wanted_stamp())
    return 0


def install_uv(python: str) -> int:
    """Let pip install the one entry of uv, by the lock's hashes; returns pip's exit status."""
    with open(LOCK_FILE) as lock_file:
        entry = "".join(re.findall(r"^uv==.*\n(?:[ ].*\n)*", lock_file.read(), re.MULTILINE))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirement:
        requirement.write(entry)
        requirement.flush()
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        return subprocess.call([*pip, "-r", requirement.name])


def works(python: str) -> bool:
    """Say whether there is a pip and an interpreter new enough; a half-made or old environment is made anew."""
    check = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.call([python, "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def fail(text: str) -> int:
    print("error: " + text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
