"""Which variant a client is in.

The api-gateway computes the same bucket for its log; tests/golden/assignment.json holds both to the same figures.
"""

import hashlib
import re
from dataclasses import dataclass

from inference_service.settings import Experiment, Variant

WELL_FORMED_KEY = re.compile(rb"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Assignment:
    """The variant of a key, and a number from 1 to 2^32 - 1 for the key, which says nothing about the variant."""

    variant: Variant
    unit: int


def _digest(salt: str, key: str) -> bytes:
    return hashlib.sha256(f"{salt}\n{key}".encode()).digest()


def bucket(salt: str, key: str) -> float:
    r"""Place a key in [0, 1): the first 8 bytes, big-endian, of SHA-256(salt + "\n" + key), divided by 2^64.

    Of the 64 bits the upper 53 count: so many a double holds, and every language then computes the same number.
    """
    return _bucket(_digest(salt, key))


def _bucket(digest: bytes) -> float:
    return (int.from_bytes(digest[:8]) >> 11) * 2.0**-53


def assign(experiment: Experiment, key: str) -> Assignment:
    """Assign a key: to the challenger if its bucket is smaller than the share, and always the same."""
    digest = _digest(experiment.salt, key)
    variant = Variant.CHALLENGER if _bucket(digest) < experiment.share else Variant.CHAMPION
    return Assignment(variant, max(1, int.from_bytes(digest[8:12])))
