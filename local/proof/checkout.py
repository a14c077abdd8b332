"""The checkout that is measured and broken: this one."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
