"""Trains a model and writes it as ONNX, with everything that goes with it."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import builtin, command, estimators, folder, schema
from training.problem import Problem
from training.recipe import Recipe
from training.table import Table


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="train.py", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder for the model")
    parser.add_argument("--dataset", choices=builtin.NAMES, help="a data set of scikit-learn (iris)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a data set of your own, which --schema describes")
    parser.add_argument("--schema", type=Path, metavar="FILE", help="its columns and classes, as YAML or JSON")
    parser.add_argument("--estimator", default="logistic-regression", help=f"one of {', '.join(estimators.ESTIMATORS)}")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="C=0.1, max_depth=null, …")
    parser.add_argument("--tune", action="append", default=[], metavar="NAME=[VALUE,…]", help="chosen inside the folds")
    parser.add_argument("--folds", type=int, default=10, help="of the out-of-fold evaluation (10)")
    parser.add_argument("--seed", type=int, default=0, help="of folds and training (0)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Trains as the command line says, and prints the model's digest as the last line."""
    table = schema.load(arguments.csv, arguments.schema) if arguments.csv else builtin.load(arguments.dataset or "iris")
    recipe = _recipe(arguments, table)
    model = folder.train(table, recipe, folder.create(arguments.output))
    print(f"{model.path} sha256:{model.sha256}")


def _recipe(arguments: argparse.Namespace, table: Table) -> Recipe:
    given, grid = _values(arguments.param), _values(arguments.tune)
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise Problem(f"--tune {name}: {values!r} is no list of values: write --tune '{name}=[1,2]'")
        for value in values:
            estimators.complete(arguments.estimator, {name: value})
    return Recipe(
        estimator=arguments.estimator,
        parameters=estimators.complete(arguments.estimator, given),
        seed=arguments.seed,
        folds=arguments.folds,
        dataset=table.name,
        dataset_sha256=table.sha256(),
        grid=grid,
    )


def _values(texts: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in map(estimators.parse, texts):
        if name in values:
            raise Problem(f"parameter {name} is given twice")
        values[name] = value
    return values


def check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Ends with exit 2 if the options do not go together."""
    if bool(arguments.csv) != bool(arguments.schema):
        parser.error("--csv and --schema go together")
    if arguments.csv and arguments.dataset:
        parser.error("--dataset is for data sets of scikit-learn: --schema has the name of your own")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Returns its exit code."""
    return command.execute(parser(), argv, run, check)


if __name__ == "__main__":
    command.end(main())
