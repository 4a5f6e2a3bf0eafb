"""What must be true of data before a model is trained on it."""

from collections import defaultdict

import numpy as np

from training import folds
from training.problem import Problem
from training.table import Rows, Table


def check(table: Table, needed: int) -> list[str]:
    """Is a Problem if a value is not finite or a class has fewer different rows than needed. Returns warnings."""
    _check_finite(table)
    group = folds.groups(table.rows)
    for number, name in enumerate(table.classes):
        rows = table.labels == number
        distinct = len(np.unique(group[rows]))
        if distinct < needed:
            raise Problem(
                f"data set {table.name}: class {name!r} has {rows.sum()} rows, {distinct} of them different: "
                f"{needed} folds need {needed}; add rows or ask for fewer folds"
            )
    return _duplicates(table)


def _check_finite(table: Table) -> None:
    wrong = np.argwhere(~np.isfinite(table.rows))
    if len(wrong):
        row, column = wrong[0]
        raise Problem(
            f"data set {table.name}: row {table.ids()[row]}, column {table.features[column]!r} "
            f"is {table.rows[row, column]}: want a finite number"
        )


def _duplicates(table: Table) -> list[str]:
    alike = defaultdict(list)
    for row, group in enumerate(folds.groups(table.rows)):
        alike[int(group)].append(row)
    ids = table.ids()
    warnings = []
    for rows in alike.values():
        if len(rows) > 1:
            named = ", ".join(ids[row] for row in rows)
            labels = sorted({table.classes[table.labels[row]] for row in rows})
            contradiction = f", with different labels: {', '.join(labels)}" if len(labels) > 1 else ""
            warnings.append(f"rows {named} are identical{contradiction}; they share a fold")
    return warnings


def check_held_out(table: Table, trained: Table) -> None:
    """Is a Problem if a row of the table is one that was trained on: the model may know it by heart."""
    known = {_key(trained.rows, row): number for row, number in enumerate(trained.ids())}
    for row, number in enumerate(table.ids()):
        if other := known.get(_key(table.rows, row)):
            raise Problem(
                f"row {number} of {table.name} was trained on (row {other} of {trained.name}): "
                "a held-out row must be new to the model"
            )


def _key(rows: Rows, row: int) -> bytes:
    key: bytes = (rows[row] + np.float32(0)).tobytes()
    return key
