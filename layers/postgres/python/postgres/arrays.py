"""Many ids as one parameter in Postgres' own form: psycopg makes an array value by value, and a text has to be read.

The form is that of `array_recv` (https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c):
dimensions, whether there are nulls, the elements' type, their number and the first one's index, each as four octets;
then the elements, each behind its length.
"""

from __future__ import annotations

import struct

from postgres.lean_psycopg import psycopg

_OCTETS = 16
_STRIDE = 4 + _OCTETS
_HEAD = struct.Struct(">5i")
_UUID, _UUID_ARRAY = 2950, 2951


class UuidArray(bytes):
    """A parameter of the type uuid[]."""

    @classmethod
    def of(cls, octets: bytes) -> UuidArray:
        """Of ids that stand one behind the other, 16 octets each."""
        count = len(octets) // _OCTETS
        elements = bytearray(count * _STRIDE)
        elements[3::_STRIDE] = bytes((_OCTETS,)) * count
        for place in range(_OCTETS):
            elements[4 + place :: _STRIDE] = octets[place::_OCTETS]
        return cls(_HEAD.pack(1, 0, _UUID, count, 1) + elements)


class _UuidArrayDumper(psycopg.adapt.Dumper):
    """Sends it as it is."""

    format = psycopg.pq.Format.BINARY
    oid = _UUID_ARRAY

    def dump(self, obj: UuidArray) -> UuidArray:
        return obj


psycopg.adapters.register_dumper(UuidArray, _UuidArrayDumper)
