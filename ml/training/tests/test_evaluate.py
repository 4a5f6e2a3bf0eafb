"""evaluate.py: what it declares, and that it judges no row that was trained on."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evaluate
import train
from tests.samples import Samples, lines
from training import builtin, canonical, evaluation, folder, table
from training.problem import Problem


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
    declaration = json.loads((path / "evaluation.json").read_text())
    text = (path / "predictions.csv").read_text()
    assert declaration["predictions"]["sha256"] == canonical.sha256(text.encode())
    return declaration, list(csv.DictReader(text.splitlines()))


def test_out_of_fold(iris: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert evaluate.main(["--model", str(iris), "--output", str(output), "--slice", "petal width (cm)"]) == 0
    declaration, rows = read(output)
    model = folder.read(iris)
    digest = table.read(iris).sha256()
    assert declaration["version"] == 1
    assert declaration["protocol"] == "out-of-fold"
    assert declaration["model"] == {"sha256": model.sha256}
    assert declaration["data"] == {"name": "iris", "sha256": digest, "rows": 150}
    assert declaration["trained_on"] == [digest]
    assert (declaration["folds"], declaration["seed"], declaration["predictions"]["rows"]) == (10, 0, 150)
    assert ",".join(rows[0]) == (
        "id,label,prediction,probability_setosa,probability_versicolor,probability_virginica,"
        "slice_petal width (cm),fold"
    )
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert {row["fold"] for row in rows} == {str(number) for number in range(10)}
    assert rows[101]["fold"] == rows[142]["fold"]
    for row in rows:
        probabilities = {name: float(row[f"probability_{name}"]) for name in declaration["classes"]}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-12)
        assert row["prediction"] == max(probabilities, key=lambda name: probabilities[name])
    right = sum(row["label"] == row["prediction"] for row in rows)
    assert right / 150 == model.card["metrics"]["accuracy"]
    slices = [row["slice_petal width (cm)"] for row in rows]
    assert {name: slices.count(name) for name in sorted(set(slices))} == {"q1": 41, "q2": 37, "q3": 38, "q4": 34}


def test_evaluating_again_gives_the_same_bytes(iris: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert evaluate.main(["--model", str(iris), "--output", str(tmp_path / name)]) == 0
    for name in ("evaluation.json", "predictions.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("name", ["model.onnx", "model.json"])
def test_champion_is_judged_on_the_folds_of_the_candidate(iris: Path, tmp_path: Path, name: str) -> None:
    champion, candidate, own = tmp_path / "champion", tmp_path / "candidate", tmp_path / "own"
    arguments = ["--seed", "5", "--folds", "4", "--estimator", "decision-tree"]
    assert train.main(["--output", str(champion), *arguments]) == 0
    assert evaluate.main(["--model", str(iris), "--output", str(candidate)]) == 0
    recipe = ["--recipe", str(champion / name)]
    assert evaluate.main(["--model", str(iris), *recipe, "--output", str(own)]) == 0
    (first, one), (second, two) = read(candidate), read(own)
    assert second["model"] == {"sha256": folder.read(champion).sha256}
    assert all(first[key] == second[key] for key in ("data", "folds", "seed", "protocol", "classes", "trained_on"))
    assert [(row["id"], row["label"], row["fold"]) for row in one] == [(r["id"], r["label"], r["fold"]) for r in two]
    assert [row["probability_setosa"] for row in one] != [row["probability_setosa"] for row in two]


def test_recipe_of_another_data_set(iris: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wine = tmp_path / "wine"
    assert train.main(["--output", str(wine), "--dataset", "wine", "--folds", "3"]) == 0
    arguments = ["--model", str(iris), "--recipe", str(wine / "model.onnx"), "--output", str(tmp_path / "out")]
    assert evaluate.main(arguments) == 1
    assert "the recipe is for data set wine, and the data is iris" in capsys.readouterr().err


@pytest.fixture
def leaves(samples: Samples) -> Path:
    """A model of 60 leaves."""
    output = samples.path / "leaves"
    arguments = ["--csv", str(samples.csv(lines(60))), "--schema", str(samples.schema()), "--folds", "5"]
    assert train.main(["--output", str(output), *arguments]) == 0
    return output


def test_hold_out(samples: Samples, leaves: Path) -> None:
    output = samples.path / "out"
    fresh = samples.csv(lines(30, first=99), "fresh.csv")
    arguments = ["--model", str(leaves), "--protocol", "hold-out", "--csv", str(fresh), "--slice", "site"]
    assert evaluate.main([*arguments, "--schema", str(samples.schema(name="fresh")), "--output", str(output)]) == 0
    declaration, rows = read(output)
    assert declaration["protocol"] == "hold-out"
    assert "folds" not in declaration
    assert "fold" not in rows[0]
    assert declaration["data"]["name"] == "fresh"
    assert declaration["trained_on"] == [table.read(leaves).sha256()]
    assert declaration["data"]["sha256"] not in declaration["trained_on"]
    assert declaration["model"] == {"sha256": folder.read(leaves).sha256}
    assert {row["slice_site"] for row in rows} == {"north", "south"}
    assert sum(row["label"] == row["prediction"] for row in rows) > 20


def test_order_of_columns_is_that_of_the_model(samples: Samples, leaves: Path) -> None:
    fresh = samples.csv(lines(30, first=99), "fresh.csv")
    columns = json.loads(samples.schema().read_text())["columns"]
    for name, order in (("one", columns), ("two", columns[::-1])):
        arguments = ["--model", str(leaves), "--protocol", "hold-out", "--csv", str(fresh)]
        schema = samples.schema(columns=order)
        assert evaluate.main([*arguments, "--schema", str(schema), "--output", str(samples.path / name)]) == 0
    assert read(samples.path / "one")[1] == read(samples.path / "two")[1]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, "row 03 of leaves was trained on (row 05 of leaves): a held-out row must be new to the model"),
        ({"label": {"name": "kind", "classes": ["elm", "oak"]}}, "the model has ['oak', 'elm']"),
        ({"columns": [{"name": "size", "type": "float", "min": 0, "max": 1}]}, "the header is"),
    ],
)
def test_hold_out_that_is_none(
    samples: Samples, leaves: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], wanted: str
) -> None:
    text = lines(30, first=99)
    text[3] = lines(60)[5]
    arguments = ["--model", str(leaves), "--protocol", "hold-out", "--csv", str(samples.csv(text, "fresh.csv"))]
    schema = samples.schema(**change)
    output = samples.path / "out"
    assert evaluate.main([*arguments, "--schema", str(schema), "--output", str(output)]) == 1
    assert wanted in capsys.readouterr().err
    assert not output.exists()


def test_other_features_are_refused(samples: Samples, leaves: Path) -> None:
    other = table.Table("x", ("length", "depth"), ("oak", "elm"), np.ones((1, 2), np.float32), np.zeros(1, np.int64))
    with pytest.raises(Problem, match="x has the features length, depth: the model wants length, width"):
        evaluation.hold_out(other, folder.read(leaves), table.read(leaves))


def test_unknown_slice(iris: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert evaluate.main(["--model", str(iris), "--output", str(output), "--slice", "petal"]) == 1
    assert "data set iris has no column 'petal' to slice by: it has sepal length (cm)" in capsys.readouterr().err
    assert not (output / "evaluation.json").exists()


def test_quartiles_of_a_feature_with_one_value() -> None:
    digits = builtin.load("digits")
    assert set(evaluation.slice_values(digits, "pixel_0_0")) == {"q1"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--protocol", "hold-out"],
        ["--csv", "x", "--schema", "y"],
        ["--protocol", "hold-out", "--csv", "x", "--schema", "y", "--recipe", "z"],
        ["--protocol", "in-sample"],
    ],
)
def test_wrong_call(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        evaluate.main(["--model", "m", "--output", "o", *arguments])
    assert caught.value.code == 2
