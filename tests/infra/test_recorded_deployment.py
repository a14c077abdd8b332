"""What the real engine deployed, changed and destroyed, replayed against port 4566: answered as recorded, and it runs.

The recordings lack the archives of functions and layers. Each function here is one that answers what it is given, as
moto answered for them.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.infra.recorded_ids import Ids
from tests.infra.replay import ACCOUNT, Difference, Exchange, recording, replay

from localregion.testing.fixtures import need_rabbitmq

RECORDED_PLAN = Path(__file__).parent / "recorded" / "plan_dev.json"
ACCOUNT_HERE = "000000000000"
_ARCHIVE = re.compile(r"<archive of \d+ bytes, sha256 (?P<sha256>[^>]+)>")
