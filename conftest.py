"""Puts the project's source roots, which `[tool.localregion]` says once, on the import path of its tests."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SOURCE_ROOTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["localregion"]["source-roots"]

# The root itself and the platform's test folder hold helpers that several tests share.
folders = [
    ROOT,
    ROOT / "local" / "region" / "tests",
    *(path for root in SOURCE_ROOTS for path in sorted(ROOT.glob(root))),
]
sys.path.extend(str(folder) for folder in folders if str(folder) not in sys.path)
