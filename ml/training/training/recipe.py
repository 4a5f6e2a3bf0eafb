"""How a model was made, so that it can be made again."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx

from training import canonical, estimators, names
from training.problem import Problem


@dataclass(frozen=True)
class Recipe:
    """How a model is made. grid has the values that tuning chose parameters from, and is empty without tuning."""

    estimator: str
    parameters: estimators.Parameters
    seed: int
    folds: int
    dataset: str
    dataset_sha256: str
    grid: dict[str, list[Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The recipe as it is kept in a model."""
        return {
            "estimator": self.estimator,
            "parameters": self.parameters,
            "seed": self.seed,
            "folds": self.folds,
            "dataset": {"name": self.dataset, "sha256": self.dataset_sha256},
        } | ({"grid": self.grid} if self.grid else {})

    def flat(self) -> dict[str, str]:
        """The recipe as names and texts."""
        values = {"estimator": self.estimator, "seed": self.seed, "folds": self.folds, **self.parameters}
        values |= {"grid": self.grid} if self.grid else {}
        return {name: value if isinstance(value, str) else canonical.dumps(value) for name, value in values.items()}


def parse(value: dict[str, Any], where: str) -> Recipe:
    """Reads a recipe; what is missing, unknown or of another type is a Problem that begins with where."""
    fields = {"estimator": str, "parameters": dict, "seed": int, "folds": int, "dataset": dict, "grid": dict}
    if unknown := sorted(set(value) - set(fields)):
        raise Problem(f"{where}: a recipe has no field {unknown[0]!r}")
    for name, kind in fields.items():
        if name != "grid" and not isinstance(value.get(name), kind):
            raise Problem(f"{where}: the recipe's {name} is {value.get(name)!r}: want {kind.__name__}")
    dataset, grid = value["dataset"], value.get("grid", {})
    if sorted(dataset) != ["name", "sha256"]:
        raise Problem(f"{where}: the recipe's dataset is {dataset!r}: want its name and sha256")
    return Recipe(
        estimator=value["estimator"],
        parameters=estimators.complete(value["estimator"], value["parameters"]),
        seed=value["seed"],
        folds=value["folds"],
        dataset=names.check(dataset["name"], f"{where}: dataset.name"),
        dataset_sha256=names.sha256(dataset["sha256"], f"{where}: dataset.sha256"),
        grid=grid,
    )


def read(path: Path) -> tuple[Recipe, str]:
    """The recipe of a model and the model's sha256, from model.onnx itself or from the model.json beside it."""
    if path.suffix == ".json":
        description = canonical.read_object(path)
        if not isinstance(description.get("sha256"), str) or not isinstance(description.get("recipe"), dict):
            raise Problem(f"{path} has no sha256 and recipe: give the model.json that train.py writes, or model.onnx")
        return parse(description["recipe"], str(path)), description["sha256"]
    try:
        data = path.read_bytes()
        model = onnx.load_model_from_string(data)
    except OSError as err:
        raise Problem(f"{path}: {err.strerror}") from err
    except Exception as err:  # protobuf's DecodeError has no public base but this
        raise Problem(f"{path} is no ONNX model: {err}") from err
    return parse(metadata(model, "recipe", path), str(path)), canonical.sha256(data)


def metadata(model: onnx.ModelProto, name: str, path: Path) -> dict[str, Any]:
    """One of the JSON objects that go with a model inside it: signature, card, recipe."""
    for entry in model.metadata_props:
        if entry.key == f"esteira.{name}":
            try:
                value = json.loads(entry.value)
            except ValueError as err:
                raise Problem(f"{path}: esteira.{name} is not JSON: {err}") from err
            if isinstance(value, dict):
                return value
    raise Problem(f"{path} has no esteira.{name} inside: it was not made by train.py")
