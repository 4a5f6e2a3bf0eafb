"""Compute with SciPy, scikit-learn and statsmodels what the gate makes of the cases in a folder, as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from sklearn import metrics
from statsmodels.stats import multitest, proportion
from statsmodels.stats.contingency_tables import mcnemar


def share(case: dict[str, float]) -> dict[str, Any]:
    """Compute intervals of a proportion; SciPy's and statsmodels' are both there for whole numbers."""
    right, n = case["right"], case["n"]
    found = {
        "wilson": list(proportion.proportion_confint(right, n, alpha=0.05, method="wilson")),
        "clopperPearson": list(proportion.proportion_confint(right, n, alpha=0.05, method="beta")),
    }
    if right == int(right) and n == int(n):
        test = stats.binomtest(int(right), int(n))
        for name, method in (("wilsonScipy", "wilson"), ("clopperPearsonScipy", "exact")):
            interval = test.proportion_ci(0.95, method=method)
            found[name] = [interval.low, interval.high]
    return found


def pair(case: dict[str, int]) -> dict[str, float]:
    """Compute McNemar's tests of won and lost rows."""
    won, lost = case["won"], case["lost"]
    worse = stats.binomtest(lost, won + lost, 0.5, alternative="greater").pvalue if won + lost else 1.0
    return {
        "worse": worse,
        "midP": worse - 0.5 * stats.binom.pmf(lost, won + lost, 0.5),
        "twoSided": mcnemar([[0, won], [lost, 0]], exact=True).pvalue,
    }


def mean(losses: list[float]) -> list[float]:
    """Compute the t interval of a mean."""
    return list(stats.t.interval(0.95, len(losses) - 1, loc=np.mean(losses), scale=stats.sem(losses)))


def table(folder: Path) -> dict[str, Any]:
    """Compute the metrics of an evaluation's predictions."""
    declared = json.loads((folder / "evaluation.json").read_text())
    classes = declared["classes"]
    rows = pd.read_csv(folder / "predictions.csv", dtype={"id": str}, float_precision="round_trip")
    labels, predicted = rows["label"], rows["prediction"]
    probabilities = rows[[f"probability_{name}" for name in classes]].to_numpy()
    precision, recall, _, _ = metrics.precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0
    )
    truth = labels.to_numpy()[:, None] == np.array(classes)
    confidence = probabilities[np.arange(len(rows)), [classes.index(name) for name in predicted]]
    bins = pd.cut(confidence, np.linspace(0, 1, 16), include_lowest=True)
    gaps = pd.DataFrame({"gap": (labels == predicted) - confidence}).groupby(bins, observed=True)["gap"].sum()
    row_losses = -np.log(np.clip(probabilities[truth], np.finfo(float).eps, None))
    row_briers = ((probabilities - truth) ** 2).sum(axis=1)
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "macroF1": metrics.f1_score(labels, predicted, labels=classes, average="macro", zero_division=0),
        "balancedAccuracy": metrics.balanced_accuracy_score(labels, predicted),
        "logLoss": metrics.log_loss(labels, probabilities, labels=classes),
        "brier": metrics.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False),
        "calibrationError": gaps.abs().sum() / len(rows),
        "logLossInterval": mean(row_losses.tolist()),
        "brierInterval": mean(row_briers.tolist()),
        "posterior": posterior(metrics.confusion_matrix(labels, predicted, labels=classes)),
    }


def posterior(cells: npt.NDArray[np.int64]) -> dict[str, list[float]]:
    """Draw the cells, as the gate does with draws of its own: the limits agree in two digits."""
    draws = stats.dirichlet.rvs(cells.ravel() + 1 / cells.size, size=20000, random_state=1).reshape(-1, *cells.shape)
    right = np.diagonal(draws, axis1=1, axis2=2)
    f1 = (2 * right / (draws.sum(axis=1) + draws.sum(axis=2))).mean(axis=1)
    balanced = (right / draws.sum(axis=2)).mean(axis=1)
    return {
        "macroF1": np.quantile(f1, [0.025, 0.975]).tolist(),
        "balancedAccuracy": np.quantile(balanced, [0.025, 0.975]).tolist(),
    }


def main() -> None:
    """Read the folder of the first argument, print the results."""
    folder = Path(sys.argv[1])
    cases = json.loads((folder / "cases.json").read_text())
    json.dump(
        {
            "shares": [share(case) for case in cases["shares"]],
            "pairs": [pair(case) for case in cases["pairs"]],
            "holm": [multitest.multipletests(p, method="holm")[1].tolist() for p in cases["holm"]],
            "tables": [table(folder / name) for name in cases["tables"]],
        },
        sys.stdout,
    )


main()
