"""The kinds of model that may be trained: those whose ONNX export was proven."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from training.problem import Problem

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Estimator:
    """A kind of model: its class, whether its input is scaled, and the parameters that may be set."""

    make: Callable[..., ClassifierMixin]
    scaled: bool
    defaults: Mapping[str, Any]


# Trees are not scaled: they gain nothing, and a threshold that the scaler has rounded sends rows the other way.
ESTIMATORS: Mapping[str, Estimator] = {
    "logistic-regression": Estimator(
        LogisticRegression, True, {"C": 1.0, "class_weight": None, "fit_intercept": True, "max_iter": 1000}
    ),
    "mlp": Estimator(
        MLPClassifier,
        True,
        {
            "activation": "relu",
            "alpha": 0.0001,
            "batch_size": "auto",
            "hidden_layer_sizes": [100],
            "learning_rate_init": 0.001,
            "max_iter": 1000,
        },
    ),
    "random-forest": Estimator(
        RandomForestClassifier,
        False,
        {"class_weight": None, "max_depth": None, "max_features": "sqrt", "min_samples_leaf": 1, "n_estimators": 100},
    ),
    "gradient-boosting": Estimator(
        GradientBoostingClassifier,
        False,
        {"learning_rate": 0.1, "max_depth": 3, "min_samples_leaf": 1, "n_estimators": 100, "subsample": 1.0},
    ),
    "decision-tree": Estimator(
        DecisionTreeClassifier, False, {"class_weight": None, "max_depth": None, "min_samples_leaf": 1}
    ),
}

# Tried on iris, wine, breast-cancer and digits; tests/test_export.py shows that each still fails.
REFUSED: Mapping[str, str] = {
    "scaled-random-forest": "its ONNX probabilities differ by up to 0.23: use random-forest, which needs no scaling",
    "k-nearest-neighbours": "its ONNX probabilities differ by up to 0.2 where distances tie",
    "hist-gradient-boosting": "it cannot be exported: use gradient-boosting",
    "linear-discriminant-analysis": "its ONNX probabilities differ by up to 0.15 on collinear features",
    "gaussian-naive-bayes": "its ONNX probabilities differ by up to 0.05 on features of little variance",
}


def find(name: str) -> Estimator:
    """The estimator of a name; one that is refused is a Problem that says why."""
    if name in REFUSED:
        raise Problem(f"estimator {name} is refused: {REFUSED[name]}")
    if name not in ESTIMATORS:
        raise Problem(f"there is no estimator {name!r}: choose one of {', '.join(ESTIMATORS)}")
    return ESTIMATORS[name]


def parse(text: str) -> tuple[str, Any]:
    """Splits NAME=VALUE. VALUE is JSON, or else a word: 0.1, null, [64,32], balanced."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Problem(f"{text!r} is no parameter: write NAME=VALUE")
    try:
        return name, json.loads(value, parse_constant=_no_number)
    except json.JSONDecodeError:
        return name, value


def _no_number(text: str) -> None:
    raise Problem(f"{text} is no number that a parameter can have")


def complete(name: str, given: Mapping[str, Any]) -> Parameters:
    """All parameters of an estimator: those given and its defaults for the rest."""
    defaults = find(name).defaults
    if unknown := sorted(set(given) - set(defaults)):
        raise Problem(f"{name} has no parameter {unknown[0]!r}: it has {', '.join(sorted(defaults))}")
    return {key: _plain(key, given.get(key, default), default) for key, default in sorted(defaults.items())}


def _plain(key: str, value: Any, default: Any) -> Any:
    """One spelling for one value: 1 and 1.0 must not make two models of the same bytes but for their recipe."""
    if isinstance(value, bool) != isinstance(default, bool):
        raise Problem(f"parameter {key} is {json.dumps(value)}: it has to be like {json.dumps(default)}")
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


def build(name: str, parameters: Parameters, seed: int) -> Pipeline:
    """An untrained model. All parameters are set here but the seed; scikit-learn checks their values when it fits."""
    estimator = find(name)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
    steps = [("scale", StandardScaler())] if estimator.scaled else []
    return Pipeline([*steps, ("classify", estimator.make(**values, random_state=seed))])
