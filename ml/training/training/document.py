"""YAML and JSON that people write, strictly read."""

import json
from pathlib import Path
from typing import Any

import yaml

from training.problem import Problem


def read(path: Path) -> Any:
    """Reads a JSON document, if that is what the file is called, or else a YAML document. A key that is there twice is
    a Problem."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_once)
        return yaml.load(text, _StrictLoader)  # noqa: S506 (it is a SafeLoader)
    except OSError as err:
        raise Problem(f"{path}: {err.strerror}") from err
    except (yaml.YAMLError, ValueError, RecursionError) as err:  # a date that is none is a ValueError
        raise Problem(f"{path} cannot be read: {err}") from err


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError(f"a key of {', '.join(value)} is there twice")
    return value


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML readers take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def fields(value: Any, where: str, required: set[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """An object that has the required fields, and no others but the optional ones."""
    fields = some_fields(value, where, required)
    for name in fields:
        if name not in required | optional:
            raise Problem(f"{where}: unknown field {name!r}: it has {', '.join(sorted(required | optional))}")
    return fields


def some_fields(value: Any, where: str, required: set[str]) -> dict[str, Any]:
    """An object that has the required fields, and may have others."""
    if not isinstance(value, dict):
        raise Problem(f"{where} is {value!r}: want {', '.join(sorted(required)) or 'an object'}")
    if missing := sorted(required - set(value)):
        raise Problem(f"{where}: {missing[0]} is missing")
    return value


def entries(value: Any, where: str) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise Problem(f"{where} is {value!r}: want a list")
    return value


def text(value: Any, where: str) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise Problem(f"{where} is {value!r}: want a text")
    return value


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list, perhaps empty, of texts that are not blank."""
    if not isinstance(value, list):
        raise Problem(f"{where} is {value!r}: want a list of texts")
    return tuple(text(entry, f"{where}[{number}]") for number, entry in enumerate(value))
