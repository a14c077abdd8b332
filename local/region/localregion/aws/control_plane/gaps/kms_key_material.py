"""KMS: the material of a symmetric key.

AWS keeps it for the key's life. moto takes it from the system's random numbers, beside the source that can be seeded:
what was encrypted before a repetition of the same calls could not be decrypted after it.
"""

from __future__ import annotations

from moto.kms import models
from moto.kms.utils import MASTER_KEY_LEN
from moto.moto_api._internal import mock_random


def generate_master_key() -> bytes:
    return mock_random.randbytes(MASTER_KEY_LEN)


def fill() -> None:
    models.generate_master_key = generate_master_key  # type: ignore[attr-defined]
