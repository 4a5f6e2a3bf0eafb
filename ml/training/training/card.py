"""What a reader, and a watch on drift, has to know of a model."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from training.export import Probabilities
from training.fitting import log_loss
from training.recipe import Recipe
from training.table import Labels, Table


def describe(table: Table, predicted: Labels, probabilities: Probabilities) -> dict[str, Any]:
    """The card: what the model was trained on, with histograms to compare later data with, and out-of-fold metrics.
    predicted [N] and probabilities [N, K] are out-of-fold too: a model is surer of rows that it has seen."""
    counts = np.bincount(table.labels, minlength=len(table.classes))
    return {
        "dataset": table.name,
        "rows": len(table.rows),
        "class_mix": {name: int(count) for name, count in zip(table.classes, counts, strict=True)},
        "features": [
            {"name": name, **histogram(column), "min": _number(column.min()), "max": _number(column.max())}
            for name, column in zip(table.features, table.rows.T, strict=True)
        ],
        "confidence": histogram(probabilities.max(axis=1).astype(np.float32)),
        "intended_use": table.intended_use,
        "limits": table.limits,
        "metrics": {
            "accuracy": float(metrics.accuracy_score(table.labels, predicted)),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(table.labels, predicted)),
            "log_loss": log_loss(table.labels, probabilities),
            "macro_f1": float(metrics.f1_score(table.labels, predicted, average="macro", zero_division=0)),
        },
    }


def histogram(values: npt.NDArray[np.float32]) -> dict[str, list[float]]:
    """Edges at the deciles of values [N], without duplicates, and counts: bin i has edges[i-1] < value ≤ edges[i],
    the first and the last bin are open. A decile is one of the values, and is written as the shortest text of its
    float32, so that 5.1 as it is written in a request falls on the same side as 5.1 in the data."""
    edges = np.unique(np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return {"edges": [_number(edge) for edge in edges], "counts": [int(count) for count in counts]}


def _number(value: np.float32) -> float:
    return float(str(value))


def markdown(card: dict[str, Any], recipe: Recipe, sha256: str) -> str:
    """The card as a page."""
    mix = ", ".join(f"{name} {count}" for name, count in card["class_mix"].items())
    parameters = ", ".join(f"{name} = {value}" for name, value in recipe.parameters.items())
    lines = [
        f"# Model of {card['dataset']}",
        "",
        f"`sha256:{sha256}`",
        "",
        f"**Intended use.** {card['intended_use']}",
        "",
        f"**Limits.** {card['limits']}",
        "",
        f"**Made by** {recipe.estimator} ({parameters}), seed {recipe.seed}"
        + (f", tuned over {recipe.grid} inside the folds" if recipe.grid else "")
        + f", from {card['rows']} rows (`sha256:{recipe.dataset_sha256}`): {mix}.",
        "",
        f"**Out of fold**, over {recipe.folds} folds of the same rows:",
        "",
        "| metric | value |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {value:.4f} |" for name, value in card["metrics"].items()),
        "",
        "**Features** as they were in training:",
        "",
        "| feature | least | median | largest |",
        "|---|---|---|---|",
        *(f"| {_cell(f['name'])} | {f['min']:g} | {_median(f):g} | {f['max']:g} |" for f in card["features"]),
    ]
    return "\n".join(lines) + "\n"


def _median(feature: dict[str, Any]) -> float:
    """The decile at which half of the rows are reached, or the largest value."""
    reached = np.cumsum(feature["counts"])
    return float([*feature["edges"], feature["max"]][int(np.searchsorted(reached, reached[-1] / 2))])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
