"""Read the text of a declarative configuration, YAML or JSON; errors are worded as by `kong config parse`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from localregion.kong.config.schema import ConfigurationError

# How Kong begins what it says of a file.
FAILED = "Failed parsing:\n"


def read_data(path: Path) -> Any:
    """Return what a file says. Raises ConfigurationError."""
    try:
        text = path.read_text()
    except OSError as error:
        raise ConfigurationError(f"{FAILED}{path}: {error.strerror}") from error
    return _from_yaml(text)


def unserialize(text: str) -> Any:
    """Return what a text says, read as JSON where it is some: that is quicker. Raises ConfigurationError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _from_yaml(text)


def _from_yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        place = f"{error.problem_mark.line + 1}:{error.problem_mark.column + 1}: " if error.problem_mark else ""
        raise ConfigurationError(f"{FAILED}failed parsing declarative configuration: {place}{error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{FAILED}failed parsing declarative configuration: it is no YAML") from error
