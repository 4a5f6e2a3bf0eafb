"""Which rows are judged together."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.problem import Problem
from training.table import Labels, Rows


def groups(rows: Rows) -> Labels:
    """A number for each row [N]; identical rows have the same one."""
    # -0.0 and 0.0 are one value with two spellings.
    _, numbers = np.unique(rows + np.float32(0), axis=0, return_inverse=True)
    group: Labels = numbers.reshape(-1).astype(np.int64)
    return group


def assign(rows: Rows, labels: Labels, folds: int, seed: int) -> Labels:
    """The fold of each row [N], from 0. Classes are spread evenly over the folds, and identical rows share one:
    a model that has seen a row in training could else be judged on it."""
    if folds < 2:
        raise Problem(f"{folds} folds: at least 2 are needed, one to judge on and one to train on")
    group = groups(rows)
    for label in np.unique(labels):
        distinct = len(np.unique(group[labels == label]))
        if distinct < folds:
            raise Problem(f"class number {label} has {distinct} different rows, and {folds} folds need {folds}")
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    fold = np.full(len(rows), -1, dtype=np.int64)
    for number, (_, judged) in enumerate(splitter.split(rows, labels, group)):
        fold[judged] = number
    return fold
