"""Training by a recipe, on all rows or fold by fold."""

from dataclasses import replace
from itertools import product

import numpy as np
from sklearn.pipeline import Pipeline

from training import estimators, export, folds
from training.export import Probabilities
from training.problem import Problem
from training.recipe import Recipe
from training.table import Labels, Rows

# Inside of each fold, tuning has folds of its own.
INNER_FOLDS = 3


def fit(recipe: Recipe, rows: Rows, labels: Labels, classes: int) -> Pipeline:
    """A model trained by the recipe's parameters. A parameter that cannot be, or a class without rows, is a Problem."""
    model = estimators.build(recipe.estimator, recipe.parameters, recipe.seed)
    try:
        model.fit(rows, labels)
    except ValueError as err:  # scikit-learn's own check of the parameters is one
        raise Problem(f"{recipe.estimator} cannot be trained: {err}") from err
    if not np.array_equal(model.classes_, np.arange(classes)):
        raise Problem(f"{recipe.estimator} saw rows of {len(model.classes_)} classes only, of {classes}")
    return model


def out_of_fold(recipe: Recipe, rows: Rows, labels: Labels, fold: Labels, classes: int) -> tuple[Labels, Probabilities]:
    """Labels [N] and probabilities [N, K] for all rows, each by an exported model that was trained, and tuned,
    on the rows of the other folds."""
    predicted = np.empty(len(rows), dtype=np.int64)
    probabilities = np.empty((len(rows), classes), dtype=np.float64)
    for number in np.unique(fold):
        judged = fold == number
        chosen = tune(recipe, rows[~judged], labels[~judged], classes)
        model = fit(chosen, rows[~judged], labels[~judged], classes)
        exported = export.convert(model, rows.shape[1])
        predicted[judged], probabilities[judged] = export.predict(exported, rows[judged])
    return predicted, probabilities


def tune(recipe: Recipe, rows: Rows, labels: Labels, classes: int) -> Recipe:
    """The recipe with the parameters of its grid that have the smallest log loss over inner folds of these rows,
    the first of equal ones. Only what the caller trains on may be handed in: no row that it judges on."""
    if not recipe.grid:
        return recipe
    fold = folds.assign(rows, labels, INNER_FOLDS, recipe.seed)
    names = sorted(recipe.grid)
    best, lowest = recipe, np.inf
    for values in product(*(recipe.grid[name] for name in names)):
        parameters = estimators.complete(recipe.estimator, recipe.parameters | dict(zip(names, values, strict=True)))
        tried = replace(recipe, parameters=parameters, grid={})
        _, probabilities = out_of_fold(tried, rows, labels, fold, classes)
        loss = log_loss(labels, probabilities)
        if loss < lowest:
            best, lowest = replace(recipe, parameters=parameters), loss
    return best


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """The mean of −ln of the label's probability, which is clipped at 2.22e-16, as in the gate."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(right, np.finfo(np.float64).eps, None)).mean())
