"""Texts that other systems take as names."""

import re
from typing import Any

from training.problem import Problem

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check(value: Any, where: str) -> str:
    """The name of a data set, and so of its registered model: a DNS label (RFC 1123), which is also safe in a query."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Problem(f"{where} is {value!r}: want up to 63 lower-case letters, digits and dashes")
    return value


def sha256(value: Any, where: str) -> str:
    """A digest."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Problem(f"{where} is {value!r}: want 64 lower-case hexadecimal digits")
    return value
