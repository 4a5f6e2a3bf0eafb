"""Trains and evaluates estimators on iris, into a folder: what one process leaves, to compare with another's."""

import sys
from pathlib import Path

import evaluate
import train


def main(output: Path, estimators: list[str]) -> None:
    """Leaves a folder of each estimator, with model and evaluation in it."""
    for name in estimators:
        model, evaluation = output / name / "model", output / name / "evaluation"
        assert train.main(["--output", str(model), "--estimator", name, "--folds", "2"]) == 0
        arguments = ["--model", str(model), "--output", str(evaluation), "--slice", "petal width (cm)"]
        assert evaluate.main(arguments) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
