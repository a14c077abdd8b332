"""Pure: the environment variables that Lambda gives a function, and nothing of the emulator's own.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. Left out: LD_LIBRARY_PATH and
LAMBDA_RUNTIME_DIR (there is no /var/runtime here). Added: AWS_ENDPOINT_URL, so that an AWS SDK finds the emulator.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from localregion.plan.model import Function


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an execution environment has besides its function."""

    version: str
    region: str
    task_root: Path
    layers_root: Path
    runtime_api: str
    log_stream: str
    aws_endpoint_url: str
    site_packages: Path | None = None
    python: str = sys.executable


def environment_variables(function: Function, around: Surroundings) -> dict[str, str]:
    """Return the whole environment; the function's own variables may replace the defaults but not Lambda's."""
    return {**_defaults(around), **function.environment, **_reserved(function, around)}


def _defaults(around: Surroundings) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": around.aws_endpoint_url,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "PATH": os.pathsep.join([str(Path(around.python).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": os.pathsep.join(str(path) for path in (around.site_packages, around.layers_root) if path),
        "TZ": ":UTC",
    }


def _reserved(function: Function, around: Surroundings) -> dict[str, str]:
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": around.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": around.log_stream,
        "AWS_LAMBDA_RUNTIME_API": around.runtime_api,
        "AWS_REGION": around.region,
        "AWS_DEFAULT_REGION": around.region,
        # Every SDK wants some; the emulator does not look at them.
        "AWS_ACCESS_KEY_ID": "ASIAEMULATED",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_SESSION_TOKEN": "emulated",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_TASK_ROOT": str(around.task_root),
        "PWD": str(around.task_root),
        "SHLVL": "0",
        "_HANDLER": function.handler,
    }
