"""Labelled rows, and the one file that they are kept in."""

import csv
import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import canonical
from training.problem import Problem

Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

LABEL = "label"
SLICE = "slice_"


@dataclass(frozen=True)
class Table:
    """Labelled rows. rows is [N, F] and float32, because that is what a model is given; labels index classes."""

    name: str
    features: tuple[str, ...]
    classes: tuple[str, ...]
    rows: Rows
    labels: Labels
    slices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    intended_use: str = ""
    limits: str = ""

    def ids(self) -> list[str]:
        """An id for each row: its number, from 1, padded so that the order of bytes is the order of rows."""
        width = len(str(len(self.rows)))
        return [f"{number:0{width}d}" for number in range(1, len(self.rows) + 1)]

    def select(self, features: tuple[str, ...]) -> "Table":
        """The same rows with these features, in this order."""
        columns = [self.features.index(name) for name in features]
        return replace(self, features=features, rows=np.ascontiguousarray(self.rows[:, columns]))

    def text(self) -> str:
        """The table as CSV. The same rows are the same bytes: each number is the shortest text of its float32."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*self.features, LABEL, *(SLICE + name for name in self.slices)])
        for number, (row, label) in enumerate(zip(self.rows, self.labels, strict=True)):
            cells = [str(value) for value in row]
            writer.writerow([*cells, self.classes[label], *(values[number] for values in self.slices.values())])
        return out.getvalue()

    def sha256(self) -> str:
        """The identity of the data: the digest of its text."""
        return canonical.sha256(self.text().encode())


def write(table: Table, folder: Path, warnings: list[str]) -> None:
    """Writes data.csv, and data.json, which says what it is."""
    text = table.text().encode()
    (folder / "data.csv").write_bytes(text)
    description = {
        "name": table.name,
        "sha256": canonical.sha256(text),
        "rows": len(table.rows),
        "features": table.features,
        "classes": table.classes,
        "warnings": warnings,
    }
    canonical.write_json(folder / "data.json", description)


def read(folder: Path) -> Table:
    """Reads what write has written. A file that has changed since is a Problem."""
    description = canonical.read_object(folder / "data.json")
    path = folder / "data.csv"
    try:
        data = path.read_bytes()
    except OSError as err:
        raise Problem(f"{path}: {err.strerror}") from err
    if (digest := canonical.sha256(data)) != description.get("sha256"):
        raise Problem(f"{path} has the digest {digest}, and data.json says {description.get('sha256')}: train again")
    try:
        return _parse(description, data.decode())
    except (KeyError, IndexError, TypeError, ValueError) as err:
        raise Problem(f"{path} is not what data.json describes ({err!r}): train again") from err


def _parse(description: dict[str, Any], text: str) -> Table:
    header, *records = csv.reader(io.StringIO(text))
    features, classes = tuple(description["features"]), tuple(description["classes"])
    index = {name: number for number, name in enumerate(classes)}
    width = len(features)
    return Table(
        name=description["name"],
        features=features,
        classes=classes,
        rows=np.array([record[:width] for record in records], dtype=np.float32),
        labels=np.array([index[record[width]] for record in records], dtype=np.int64),
        slices={
            name.removeprefix(SLICE): tuple(record[width + 1 + number] for record in records)
            for number, name in enumerate(header[width + 1 :])
        },
    )
