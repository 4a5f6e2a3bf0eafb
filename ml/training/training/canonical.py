"""Bytes that are the same whenever their content is the same."""

import hashlib
import json
from pathlib import Path
from typing import Any

from training.problem import Problem


def dumps(value: object) -> str:
    """JSON with sorted keys and no spaces; NaN and infinity, which JSON does not have, are a ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(data: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of data."""
    return hashlib.sha256(data).hexdigest()


def write_json(path: Path, value: object) -> None:
    """Writes value as one canonical line."""
    path.write_text(dumps(value) + "\n", encoding="utf-8")


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object; anything else is a Problem that names the file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise Problem(f"{path}: {err.strerror}") from err
    except ValueError as err:
        raise Problem(f"{path} is not JSON: {err}") from err
    if not isinstance(value, dict):
        raise Problem(f"{path} holds no JSON object")
    return value
