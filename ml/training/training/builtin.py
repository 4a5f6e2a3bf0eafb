"""The data sets that scikit-learn brings along."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets

from training.problem import Problem
from training.table import Table

_LOADERS: dict[str, Callable[[], Any]] = {
    "breast-cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}

NAMES = tuple(_LOADERS)


def load(name: str) -> Table:
    """Loads one of NAMES."""
    if name not in _LOADERS:
        raise Problem(f"there is no data set {name!r}: choose one of {', '.join(NAMES)}, or give --csv and --schema")
    bunch = _LOADERS[name]()
    return Table(
        name=name,
        features=tuple(str(feature) for feature in bunch.feature_names),
        classes=tuple(str(target) for target in bunch.target_names),
        rows=bunch.data.astype(np.float32),
        labels=bunch.target.astype(np.int64),
        intended_use=f"Demonstrations of the pipeline on scikit-learn's data set {name}.",
        limits="Small, old and curated data: nothing that matters to anyone may be decided with it.",
    )
