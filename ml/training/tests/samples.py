"""Small data sets and models."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import folder
from training.folder import Model
from training.recipe import Recipe
from training.table import Table

SCHEMA: dict[str, Any] = {
    "version": 1,
    "name": "leaves",
    "columns": [
        {"name": "length", "type": "float", "min": 0, "max": 100},
        {"name": "width", "type": "float", "min": 0, "max": 50},
    ],
    "label": {"name": "kind", "classes": ["oak", "elm"]},
    "slices": ["site"],
    "intended_use": "tests",
    "limits": "made up",
}


# What `esteira gate` wrote of the model GATED; a Go test compares the files with what it writes today.
GATE = Path(__file__).parent / "golden" / "gate"
GATED = "a" * 64


def lines(rows: int, first: int = 0) -> list[str]:
    """A CSV file that keeps to SCHEMA: oaks are long, elms are wide, with a few of each that are not."""
    generator = np.random.default_rng(first)
    text = ["length,width,kind,site"]
    for number in range(rows):
        oak = number % 2 == 0
        length = (60 if oak else 40) + generator.normal() * 12
        width = (10 if oak else 30) + generator.normal() * 8
        site = "north" if number % 3 else "south"
        text.append(f"{max(length, 0):.3f},{max(width, 0):.3f},{'oak' if oak else 'elm'},{site}")
    return text


@dataclass(frozen=True)
class Samples:
    """Makes samples in a folder."""

    path: Path

    def schema(self, **changes: Any) -> Path:
        """Writes SCHEMA with changes; a field that is None is left out."""
        path = self.path / "schema.json"
        fields = {key: value for key, value in (SCHEMA | changes).items() if value is not None}
        path.write_text(json.dumps(fields), encoding="utf-8")
        return path

    def csv(self, text: list[str], name: str = "rows.csv") -> Path:
        """Writes a CSV file."""
        path = self.path / name
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return path

    def model(self, name: str, seed: int | None = None) -> Model:
        """Trains a small model of a data set with a name, which has rows of its own if no seed is given."""
        table = small_table(name, seed=zlib.crc32(name.encode()) if seed is None else seed)
        recipe = Recipe(
            estimator="decision-tree",
            parameters={"class_weight": None, "max_depth": 2, "min_samples_leaf": 1},
            seed=0,
            folds=2,
            dataset=name,
            dataset_sha256=table.sha256(),
        )
        return folder.train(table, recipe, folder.create(self.path / name))


def small_table(name: str = "small", rows: int = 24, seed: int = 7) -> Table:
    """Two features, two classes."""
    generator = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    values = generator.normal(size=(rows, 2)) + labels[:, None] * 2
    return Table(name, ("a", "b"), ("no", "yes"), values.astype(np.float32), labels.astype(np.int64))
