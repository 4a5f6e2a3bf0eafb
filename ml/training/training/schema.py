"""Data sets of one's own: a CSV file and the schema that it keeps to."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import document, names
from training.problem import Problem
from training.table import LABEL, SLICE, Table

FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Column:
    """A feature, and the least and largest value that it can have."""

    name: str
    min: float
    max: float


@dataclass(frozen=True)
class Schema:
    """What the columns of a CSV file are."""

    name: str
    columns: tuple[Column, ...]
    label: str
    classes: tuple[str, ...]
    slices: tuple[str, ...]
    intended_use: str
    limits: str

    def header(self) -> list[str]:
        """The names of all columns."""
        return [*(column.name for column in self.columns), self.label, *self.slices]


def load(path: Path, schema_path: Path) -> Table:
    """Reads a CSV file (RFC 4180, UTF-8) by its schema. What does not keep to it is a Problem with line and column."""
    schema = read(schema_path)
    features: list[list[float]] = []
    labels: list[int] = []
    slices: dict[str, list[str]] = {name: [] for name in schema.slices}
    index = {name: number for number, name in enumerate(schema.classes)}
    for where, cells in _records(path, schema):
        features.append([_number(cells[column.name], column, where) for column in schema.columns])
        if cells[schema.label] not in index:
            wanted = ", ".join(schema.classes)
            raise Problem(f"{where}, column {schema.label!r}: unknown label {cells[schema.label]!r}: want {wanted}")
        labels.append(index[cells[schema.label]])
        for name, values in slices.items():
            values.append(cells[name])
    if not labels:
        raise Problem(f"{path} has no rows")
    return Table(
        name=schema.name,
        features=tuple(column.name for column in schema.columns),
        classes=schema.classes,
        rows=np.array(features, dtype=np.float32),
        labels=np.array(labels, dtype=np.int64),
        slices={name: tuple(values) for name, values in slices.items()},
        intended_use=schema.intended_use,
        limits=schema.limits,
    )


def _records(path: Path, schema: Schema) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows by name of column, each with where it is."""
    wanted = schema.header()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if sorted(header) != sorted(wanted):
                raise Problem(f"{path}:1: the header is {','.join(header)}: want the columns {','.join(wanted)}")
            for record in reader:
                where = f"{path}:{reader.line_num}"
                if len(record) != len(header):
                    raise Problem(f"{where}: {len(record)} fields, and the header has {len(header)}")
                yield where, dict(zip(header, record, strict=True))
    except OSError as err:
        raise Problem(f"{path}: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise Problem(f"{path} is not UTF-8: {err}") from err
    except csv.Error as err:
        raise Problem(f"{path}:{reader.line_num}: {err}") from err


def _number(text: str, column: Column, where: str) -> float:
    try:
        value = float(text)
    except ValueError as err:
        raise Problem(f"{where}, column {column.name!r}: {text!r} is no number") from err
    if not math.isfinite(value):
        raise Problem(f"{where}, column {column.name!r}: {text!r} is not finite")
    if not column.min <= value <= column.max:
        raise Problem(f"{where}, column {column.name!r}: {text} is not between {column.min:g} and {column.max:g}")
    return value


def read(path: Path) -> Schema:
    """Reads a schema, strictly."""
    required = {"version", "name", "columns", "label", "intended_use", "limits"}
    fields = document.fields(document.read(path), str(path), required, frozenset({"slices"}))
    if fields["version"] != 1:
        raise Problem(f"{path}: version is {fields['version']!r}: this reads version 1")
    label = document.fields(fields["label"], f"{path}: label", {"name", "classes"})
    schema = Schema(
        name=names.check(fields["name"], f"{path}: name"),
        columns=tuple(
            _column(column, f"{path}: columns[{number}]")
            for number, column in enumerate(document.entries(fields["columns"], f"{path}: columns"))
        ),
        label=document.text(label["name"], f"{path}: label.name"),
        classes=document.texts(label["classes"], f"{path}: label.classes"),
        slices=document.texts(fields.get("slices", []), f"{path}: slices"),
        intended_use=document.text(fields["intended_use"], f"{path}: intended_use"),
        limits=document.text(fields["limits"], f"{path}: limits"),
    )
    _check_names(schema, path)
    return schema


def _check_names(schema: Schema, path: Path) -> None:
    header = schema.header()
    for number, name in enumerate(header):
        if name in header[:number]:
            raise Problem(f"{path}: column {name!r} is named twice: a label or a slice is no feature")
    for column in schema.columns:
        if column.name == LABEL or column.name.startswith(SLICE):
            raise Problem(f"{path}: a feature cannot be called {column.name!r}: that is a column of data.csv")
    if len(schema.classes) < 2 or len(set(schema.classes)) < len(schema.classes):
        raise Problem(f"{path}: label.classes is {list(schema.classes)}: want two or more different ones")


def _column(value: Any, where: str) -> Column:
    fields = document.fields(value, where, {"name", "type", "min", "max"})
    if fields["type"] != "float":
        raise Problem(f"{where}.type is {fields['type']!r}: want float")
    for name in ("min", "max"):
        number = fields[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > FLOAT32_MAX:
            raise Problem(f"{where}.{name} is {number!r}: want a number that a float32 can hold")
    if fields["min"] >= fields["max"]:
        raise Problem(f"{where}: min {fields['min']} is not less than max {fields['max']}")
    return Column(document.text(fields["name"], f"{where}.name"), float(fields["min"]), float(fields["max"]))
