"""Writes what a model says of rows that it was not trained on, for the gate to judge."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from training import command, evaluation, folder, recipe, schema, table
from training.evaluation import Evaluation


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="evaluate.py", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="what train.py has written")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder for the evaluation")
    parser.add_argument("--protocol", choices=("out-of-fold", "hold-out"), default="out-of-fold")
    parser.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="out-of-fold: judge the recipe of this model.onnx or model.json, on the data and folds of --model",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="hold-out: rows that no model was trained on")
    parser.add_argument("--schema", type=Path, metavar="FILE", help="hold-out: what is in --csv")
    parser.add_argument("--slice", action="append", default=[], metavar="COLUMN", help="a slice column, or a feature")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Evaluates as the command line says."""
    result = _evaluate(arguments)
    evaluation.write(result, arguments.slice, folder.create(arguments.output))
    right = int((result.predicted == result.table.labels).sum())
    print(f"{arguments.output}: {right} of {len(result.table.labels)} rows are right, {arguments.protocol}")


def _evaluate(arguments: argparse.Namespace) -> Evaluation:
    model, trained = folder.read(arguments.model), table.read(arguments.model)
    if arguments.protocol == "hold-out":
        return evaluation.hold_out(schema.load(arguments.csv, arguments.schema), model, trained)
    how, sha256 = recipe.read(arguments.recipe) if arguments.recipe else (model.recipe, model.sha256)
    return evaluation.out_of_fold(trained, model.recipe, how, sha256)


def check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Ends with exit 2 if the options do not go together."""
    held_out = arguments.protocol == "hold-out"
    if held_out != bool(arguments.csv) or held_out != bool(arguments.schema):
        parser.error("--protocol hold-out goes with --csv and --schema, and only that")
    if held_out and arguments.recipe:
        parser.error("--recipe is for out-of-fold: a hold-out set judges a model itself")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Returns its exit code."""
    return command.execute(parser(), argv, run, check)


if __name__ == "__main__":
    command.end(main())
