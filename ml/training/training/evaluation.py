"""What a model says of rows that it was not trained on, as the gate reads it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import canonical, export, fitting, folds, validation, versions
from training.export import Probabilities
from training.folder import Model
from training.problem import Problem
from training.recipe import Recipe
from training.table import SLICE, Labels, Table

QUANTILES = 4


@dataclass(frozen=True)
class Evaluation:
    """Predictions [N], probabilities [N, K], and for out-of-fold ones the folds [N]."""

    model_sha256: str
    trained_on: str
    seed: int
    table: Table
    predicted: Labels
    probabilities: Probabilities
    fold: Labels | None = None


def out_of_fold(table: Table, plan: Recipe, recipe: Recipe, model_sha256: str) -> Evaluation:
    """Judges a recipe: each row by a model that was trained on the other folds. plan has the folds, so that another
    model's recipe can be judged on the same ones."""
    if recipe.dataset != plan.dataset:
        raise Problem(f"the recipe is for data set {recipe.dataset}, and the data is {plan.dataset}")
    fold = folds.assign(table.rows, table.labels, plan.folds, plan.seed)
    predicted, probabilities = fitting.out_of_fold(recipe, table.rows, table.labels, fold, len(table.classes))
    return Evaluation(model_sha256, table.sha256(), plan.seed, table, predicted, probabilities, fold)


def hold_out(table: Table, model: Model, trained: Table) -> Evaluation:
    """Judges a model itself on rows of another data set. Rows that it was trained on are a Problem."""
    wanted = tuple(entry["name"] for entry in model.signature["inputs"])
    if set(table.features) != set(wanted):
        raise Problem(f"{table.name} has the features {', '.join(table.features)}: the model wants {', '.join(wanted)}")
    if table.classes != tuple(model.signature["classes"]):
        raise Problem(f"{table.name} has the classes {table.classes}: the model has {model.signature['classes']}")
    ordered = table.select(wanted)
    validation.check(ordered, 0)
    validation.check_held_out(ordered, trained)
    predicted, probabilities = export.predict(model.content, ordered.rows)
    return Evaluation(model.sha256, model.recipe.dataset_sha256, model.recipe.seed, ordered, predicted, probabilities)


def slice_values(table: Table, column: str) -> tuple[str, ...]:
    """The slice of each row: a slice column as it is, a feature by its quartile, q1 (smallest) to q4."""
    if column in table.slices:
        return table.slices[column]
    if column not in table.features:
        known = ", ".join([*table.slices, *table.features])
        raise Problem(f"data set {table.name} has no column {column!r} to slice by: it has {known}")
    values = table.rows[:, table.features.index(column)]
    edges = np.quantile(values, np.arange(1, QUANTILES) / QUANTILES, method="inverted_cdf")
    return tuple(f"q{number + 1}" for number in np.searchsorted(edges, values, side="left"))


def write(evaluation: Evaluation, slices: list[str], folder: Path) -> None:
    """Writes predictions.csv, and evaluation.json, which says what it is."""
    text = _predictions(evaluation, slices).encode()
    table = evaluation.table
    (folder / "predictions.csv").write_bytes(text)
    declaration: dict[str, object] = {
        "version": 1,
        "protocol": "hold-out" if evaluation.fold is None else "out-of-fold",
        "classes": table.classes,
        "model": {"sha256": evaluation.model_sha256},
        "data": {"name": table.name, "sha256": table.sha256(), "rows": len(table.rows)},
        "trained_on": [evaluation.trained_on],
        "seed": evaluation.seed,
        "predictions": {"file": "predictions.csv", "sha256": canonical.sha256(text), "rows": len(table.rows)},
        "versions": versions.used(),
    }
    if evaluation.fold is not None:
        declaration["folds"] = int(evaluation.fold.max()) + 1
    canonical.write_json(folder / "evaluation.json", declaration)


def _predictions(evaluation: Evaluation, slices: list[str]) -> str:
    table = evaluation.table
    columns = [slice_values(table, name) for name in slices]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["id", "label", "prediction"]
        + [f"probability_{name}" for name in table.classes]
        + [SLICE + name for name in slices]
        + ([] if evaluation.fold is None else ["fold"])
    )
    for row, number in enumerate(table.ids()):
        writer.writerow(
            [number, table.classes[table.labels[row]], table.classes[evaluation.predicted[row]]]
            + [repr(float(value)) for value in evaluation.probabilities[row]]
            + [values[row] for values in columns]
            + ([] if evaluation.fold is None else [str(evaluation.fold[row])])
        )
    return out.getvalue()
