"""What a training leaves: the model and all that goes with it, in one folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from training import canonical, card, export, fitting, folds, recipe, table, validation, versions
from training.problem import Problem
from training.recipe import Recipe
from training.table import Table

FILES = ("model.onnx", "model.json", "card.md", "data.csv", "data.json")


@dataclass(frozen=True)
class Model:
    """A model as it lies in its folder."""

    path: Path
    content: bytes
    sha256: str
    recipe: Recipe
    signature: dict[str, Any]
    card: dict[str, Any]


def train(data: Table, how: Recipe, folder: Path) -> Model:
    """Trains by the recipe, proves the export, and writes the folder: FILES."""
    count = len(data.classes)
    warnings = validation.check(data, how.folds)
    fold = folds.assign(data.rows, data.labels, how.folds, how.seed)
    predicted, probabilities = fitting.out_of_fold(how, data.rows, data.labels, fold, count)
    chosen = fitting.tune(how, data.rows, data.labels, count)
    model = fitting.fit(chosen, data.rows, data.labels, count)
    exported = export.convert(model, len(data.features))
    export.prove(model, exported, data.rows, how.seed)
    metadata: dict[str, Any] = {
        "card": card.describe(data, predicted, probabilities),
        "recipe": chosen.as_json(),
        "signature": {
            "inputs": [{"name": name, "type": "float32"} for name in data.features],
            "classes": list(data.classes),
        },
    }
    content = export.describe(exported, metadata)
    table.write(data, folder, warnings)
    return _write(folder, content, chosen, metadata)


def _write(folder: Path, content: bytes, how: Recipe, metadata: dict[str, Any]) -> Model:
    sha256 = canonical.sha256(content)
    path = folder / "model.onnx"
    path.write_bytes(content)
    (folder / "card.md").write_text(card.markdown(metadata["card"], how, sha256), encoding="utf-8")
    description = {
        "sha256": sha256,
        "signature": metadata["signature"],
        "recipe": metadata["recipe"],
        "versions": versions.used(),
    }
    canonical.write_json(folder / "model.json", description)
    return Model(path, content, sha256, how, metadata["signature"], metadata["card"])


def read(folder: Path) -> Model:
    """Reads the model of a folder. A file that has changed since training is a Problem."""
    description = canonical.read_object(folder / "model.json")
    path = folder / "model.onnx"
    how, sha256 = recipe.read(path)
    if sha256 != description.get("sha256"):
        raise Problem(f"{path} has the digest {sha256}, and model.json says {description.get('sha256')}: train again")
    content = path.read_bytes()
    proto = onnx.load_model_from_string(content)
    signature, about = (recipe.metadata(proto, name, path) for name in ("signature", "card"))
    return Model(path, content, sha256, how, signature, about)


def create(folder: Path) -> Path:
    """Makes the folder that a command writes to. One that holds something is a Problem: old and new would mix."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise Problem(f"{folder} cannot be made: {err.strerror}") from err
    if any(folder.iterdir()):
        raise Problem(f"{folder} is not empty: name a new folder")
    return folder
