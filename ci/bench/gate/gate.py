"""What a team would write for a gate: pandas, scikit-learn and statsmodels over the same files, checked and counted alike.

Takes the folder with the evaluations of candidate and champion. Prints what the bench compares with the gate's record.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

BINS = 15


def read(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read an evaluation, and check it as the gate does."""
    declared = json.loads((folder / "evaluation.json").read_text())
    file = folder / declared["predictions"]["file"]
    with file.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != declared["predictions"]["sha256"]:
            sys.exit(f"{file}: another digest than declared")
    rows = pd.read_csv(file, dtype={"id": "string", "label": "category", "prediction": "category"})
    classes = declared["classes"]
    if len(rows) != declared["predictions"]["rows"]:
        sys.exit(f"{file}: another number of rows than declared")
    if not (rows["id"].is_unique and rows["id"].is_monotonic_increasing):
        sys.exit(f"{file}: ids are not unique and ascending")
    if not (set(rows["label"].cat.categories) | set(rows["prediction"].cat.categories)) <= set(classes):
        sys.exit(f"{file}: an unknown class")
    probabilities = rows[[f"probability_{c}" for c in classes]].to_numpy()
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and np.allclose(probabilities.sum(axis=1), 1, atol=3e-6)):
        sys.exit(f"{file}: not probabilities")
    return rows, classes


def score(rows: pd.DataFrame, classes: list[str]) -> dict[str, float]:
    """The metrics of one model."""
    label, prediction = rows["label"], rows["prediction"]
    probabilities = rows[[f"probability_{c}" for c in classes]].to_numpy()
    truth = pd.Categorical(label, categories=classes).codes
    confusion = metrics.confusion_matrix(label, prediction, labels=classes)
    metrics.precision_recall_fscore_support(label, prediction, labels=classes, zero_division=0)
    right = (label.astype(str).to_numpy() == prediction.astype(str).to_numpy())
    confidence = probabilities.max(axis=1)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    gap = np.bincount(bins, right, BINS) - np.bincount(bins, confidence, BINS)
    return {
        "right": int(np.trace(confusion)),
        "macro F1": metrics.f1_score(label, prediction, average="macro"),
        "balanced accuracy": metrics.balanced_accuracy_score(label, prediction),
        "log loss": metrics.log_loss(label, probabilities, labels=classes),
        "Brier score": float(((probabilities - np.eye(len(classes))[truth]) ** 2).sum(axis=1).mean()),
        "calibration error": float(np.abs(gap).sum() / count.sum()),
    }


def compare(ours: np.ndarray, theirs: np.ndarray) -> tuple[int, int, float]:
    """Rows won and lost, and the exact test of a difference."""
    table = np.bincount(2 * ours + theirs, minlength=4).reshape(2, 2)
    return int(table[1, 0]), int(table[0, 1]), float(mcnemar(table, exact=True).pvalue)


def main() -> None:
    folder = Path(sys.argv[1])
    candidate, classes = read(folder / "candidate")
    champion, _ = read(folder / "champion")
    slices = [c for c in candidate.columns if c.startswith("slice_")]
    for column in ["id", "label", *slices]:
        if not candidate[column].equals(champion[column]):
            sys.exit(f"column {column}: candidate and champion need the same rows")
    result = score(candidate, classes)
    score(champion, classes)
    ours = (candidate["label"] == candidate["prediction"]).to_numpy().astype(np.int8)
    theirs = (champion["label"] == champion["prediction"]).to_numpy().astype(np.int8)
    proportion_confint(ours.sum(), len(ours), method="wilson")
    result["won"], result["lost"], _ = compare(ours, theirs)
    harm = []
    for column in slices:
        for value in sorted(candidate[column].unique()):
            inside = (candidate[column] == value).to_numpy()
            proportion_confint(ours[inside].sum(), inside.sum(), method="wilson")
            harm.append(compare(ours[inside], theirs[inside])[2])
    multipletests(harm, method="holm")
    print(json.dumps({**result, "slices": len(harm)}))


main()
