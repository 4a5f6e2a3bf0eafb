"""train.py: what it leaves, what it refuses, and that it leaves the same bytes each time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest

import train
from tests.samples import Samples, lines
from training import __main__ as main
from training import canonical, card, estimators, export, fitting, folder, folds, recipe, table
from training.problem import Problem
from training.recipe import Recipe

ROOT = Path(__file__).parent.parent
_BROKEN = onnx.StringStringEntryProto(key="esteira.recipe", value="{")


def test_folder_of_a_model(iris: Path) -> None:
    assert sorted(path.name for path in iris.iterdir()) == sorted(folder.FILES)
    description = json.loads((iris / "model.json").read_text())
    content = (iris / "model.onnx").read_bytes()
    assert description["sha256"] == canonical.sha256(content)
    assert description["signature"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert description["signature"]["inputs"][0] == {"name": "sepal length (cm)", "type": "float32"}
    assert description["recipe"] == {
        "estimator": "logistic-regression",
        "parameters": {"C": 1.0, "class_weight": None, "fit_intercept": True, "max_iter": 1000},
        "seed": 0,
        "folds": 10,
        "dataset": {"name": "iris", "sha256": canonical.sha256((iris / "data.csv").read_bytes())},
    }
    assert set(description["versions"]) >= {"python", "scikit-learn", "onnxruntime", "blas"}
    data = json.loads((iris / "data.json").read_text())
    assert (data["rows"], data["warnings"]) == (150, ["rows 102, 143 are identical; they share a fold"])


def test_what_goes_with_a_model_is_inside(iris: Path) -> None:
    proto = onnx.load_model(iris / "model.onnx")
    inside = {entry.key: entry.value for entry in proto.metadata_props}
    description = json.loads((iris / "model.json").read_text())
    assert inside["esteira.recipe"] == canonical.dumps(description["recipe"])
    assert inside["esteira.signature"] == canonical.dumps(description["signature"])
    about = json.loads(inside["esteira.card"])
    assert (about["dataset"], about["rows"], about["class_mix"]["virginica"]) == ("iris", 150, 50)
    assert 0.9 < about["metrics"]["accuracy"] < 1
    for feature in [*about["features"], about["confidence"]]:
        assert len(feature["counts"]) == len(feature["edges"]) + 1
        assert sum(feature["counts"]) == 150
        assert feature["edges"] == sorted(set(feature["edges"]))
    page = (iris / "card.md").read_text()
    assert f"sha256:{description['sha256']}" in page
    assert "| sepal length (cm) | 4.3 | 5.8 | 7.9 |" in page


# What is another in another process, and may change nothing. The two hash seeds order the converter's sets differently.
PROCESSES = {
    "as it comes": {},
    "one thread": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "30"},
    "elsewhere": {
        "PYTHONHASHSEED": "53",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "POSIX",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    },
}
# Kernels of the linear algebra, and the estimators that use it. A processor without them uses its own.
KERNELS = ("Haswell", "Prescott")
LINEAR = ("logistic-regression", "mlp")


def _everything(folder: Path, environment: dict[str, str], names: Iterable[str]) -> Path:
    """What a process of its own leaves of estimators. It works in a folder of its own, for temporary files too."""
    output, work = folder / "output", folder / "work"
    work.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.everything", str(output), *names]
    surroundings = {"PYTHONPATH": str(ROOT), "TMPDIR": str(work)}
    subprocess.run(command, cwd=work, env=os.environ | surroundings | environment, check=True, capture_output=True)
    return output


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    left = []
    for name, environment in PROCESSES.items():
        output = _everything(tmp_path / name, environment, estimators.ESTIMATORS)
        files = sorted(path for path in output.rglob("*") if path.is_file())
        left.append({str(path.relative_to(output)): canonical.sha256(path.read_bytes()) for path in files})
    assert len(left[0]) == len(estimators.ESTIMATORS) * (len(folder.FILES) + 2)
    assert left[0] == left[1] == left[2]


def test_same_labels_with_another_kernel(tmp_path: Path, iris: Path) -> None:
    """The bytes may differ there, the labels may not."""
    rows = table.read(iris).rows
    outputs = [_everything(tmp_path / kernel, {"OPENBLAS_CORETYPE": kernel}, LINEAR) for kernel in KERNELS]
    for name in LINEAR:
        models = [(output / name / "model" / "model.onnx").read_bytes() for output in outputs]
        one, other = (export.predict(model, rows)[0] for model in models)
        assert np.array_equal(one, other), name


def test_seed_and_parameters_make_other_models(samples: Samples) -> None:
    digests = set()
    for number, more in enumerate(([], ["--seed", "1"], ["--param", "C=0.5"], ["--param", "C=1"])):
        output = samples.path / str(number)
        assert train.main(["--output", str(output), "--folds", "3", *more]) == 0
        digests.add(json.loads((output / "model.json").read_text())["sha256"])
    assert len(digests) == 3, "C=1 is what C=1.0 is"


def test_own_data(samples: Samples, capsys: pytest.CaptureFixture[str]) -> None:
    output = samples.path / "out"
    rows, schema = samples.csv(lines(60)), samples.schema()
    arguments = ["--output", str(output), "--csv", str(rows), "--schema", str(schema), "--folds", "5"]
    assert train.main([*arguments, "--estimator", "random-forest", "--param", "n_estimators=20"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    model = folder.read(output)
    assert last == f"{output}/model.onnx sha256:{model.sha256}"
    assert (model.recipe.dataset, model.recipe.parameters["n_estimators"]) == ("leaves", 20)
    assert (output / "data.csv").read_text().splitlines()[0] == "length,width,label,slice_site"
    assert table.read(output).slices["site"][:3] == ("south", "north", "north")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--estimator", "perceptron"], "there is no estimator 'perceptron': choose one of logistic-regression"),
        (["--estimator", "k-nearest-neighbours"], "estimator k-nearest-neighbours is refused: its ONNX"),
        (["--param", "c=1"], "logistic-regression has no parameter 'c': it has C, class_weight"),
        (["--param", "C"], "'C' is no parameter: write NAME=VALUE"),
        (["--param", "C=1", "--param", "C=2"], "parameter C is given twice"),
        (["--param", "C=-1"], "logistic-regression cannot be trained: The 'C' parameter of LogisticRegression must be"),
        (["--param", "C=NaN"], "NaN is no number that a parameter can have"),
        (["--param", "C=much"], "The 'C' parameter of LogisticRegression must be"),
        (["--param", "max_iter=true"], "parameter max_iter is true: it has to be like 1000"),
        (["--param", "random_state=1"], "logistic-regression has no parameter 'random_state'"),
        (["--estimator", "mlp", "--param", "hidden_layer_sizes=[0]"], "mlp cannot be trained"),
        (["--tune", "C=1"], "--tune C: 1 is no list of values"),
        (["--tune", "c=[1]"], "logistic-regression has no parameter 'c'"),
        (["--folds", "1"], "1 folds: at least 2 are needed"),
        (["--folds", "51"], "class 'setosa' has 50 rows, 50 of them different: 51 folds need 51"),
    ],
)
def test_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: str) -> None:
    output = tmp_path / "out"
    assert train.main(["--output", str(output), *arguments]) == 1
    printed = capsys.readouterr()
    assert wanted in printed.err
    assert printed.err.startswith("train: ")
    assert printed.err.count("\n") == 1
    assert not (output / "model.onnx").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--output", "x", "--csv", "rows.csv"],
        ["--output", "x", "--csv", "rows.csv", "--schema", "s", "--dataset", "iris"],
        ["--output", "x", "--dataset", "irises"],
        ["--output", "x", "--folds", "many"],
    ],
)
def test_wrong_call(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        train.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["train.py", "evaluate.py", "mlflow_config.py"])
def test_help(command: str) -> None:
    done = subprocess.run([sys.executable, command, "--help"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: {command} ")


def test_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert train.main(["--output", str(tmp_path / "file" / "out"), "--folds", "2"]) == 1
    assert "out cannot be made: Not a directory" in capsys.readouterr().err


def test_exit_code_of_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "train", "--output", str(tmp_path / "out"), "--folds", "1"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "train: 1 folds: at least 2 are needed, one to judge on and one to train on\n"


def test_package_knows_its_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == main.main(["trian"]) == 2
    assert "usage: python -m training train|evaluate|mlflow_config" in capsys.readouterr().err
    assert main.main(["evaluate", "--model", str(tmp_path), "--output", str(tmp_path / "out")]) == 1


def test_tuning_chooses_by_log_loss(samples: Samples) -> None:
    output = samples.path / "out"
    arguments = ["--output", str(output), "--folds", "3", "--param", "max_iter=2000"]
    assert train.main([*arguments, "--tune", "C=[0.0001,10]", "--tune", 'class_weight=[null,"balanced"]']) == 0
    model = folder.read(output)
    assert model.recipe.parameters == {"C": 10.0, "class_weight": None, "fit_intercept": True, "max_iter": 2000}
    assert model.recipe.grid == {"C": [0.0001, 10], "class_weight": [None, "balanced"]}
    assert "tuned over" in (output / "card.md").read_text()


def test_tuning_never_sees_the_judged_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """With labels that mean nothing, parameters that were chosen with the judged rows would look better than chance."""
    seen: list[set[float]] = []
    assign = folds.assign

    def spy(rows: table.Rows, labels: table.Labels, count: int, seed: int) -> table.Labels:
        seen.append({float(row[0]) for row in rows})
        return assign(rows, labels, count, seed)

    generator = np.random.default_rng(1)
    rows = np.arange(60, dtype=np.float32).reshape(-1, 1)
    labels = generator.integers(0, 2, 60)
    fold = assign(rows, labels, 3, 0)
    monkeypatch.setattr(folds, "assign", spy)
    how = Recipe("decision-tree", estimators.complete("decision-tree", {}), 0, 3, "x", "", {"max_depth": [1, 8]})
    fitting.out_of_fold(how, rows, labels, fold, 2)
    assert len(seen) == 3
    for number, values in enumerate(seen):
        assert values == {float(row[0]) for row in rows[fold != number]}


def test_histogram() -> None:
    values = np.array([1, 1, 1, 1, 1, 1, 2, 3, 4, 5.1], dtype=np.float32)
    assert card.histogram(values) == {"edges": [1, 2, 3, 4], "counts": [6, 1, 1, 1, 1]}
    assert card.histogram(np.zeros(5, dtype=np.float32)) == {"edges": [0], "counts": [5, 0]}
    assert card.histogram(np.full(20, 5.1, dtype=np.float32))["edges"] == [5.1], "as it is written, not 5.09999990463"


def test_changed_model_is_refused(iris: Path, tmp_path: Path) -> None:
    for name in folder.FILES:
        (tmp_path / name).write_bytes((iris / name).read_bytes())
    path = tmp_path / "model.onnx"
    path.write_bytes(path.read_bytes().replace(b"setosa", b"Setosa"))
    with pytest.raises(Problem, match=r"model.onnx has the digest .* and model.json says"):
        folder.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("model.onnx", b"no model", "is no ONNX model"),
        ("model.onnx", onnx.ModelProto(ir_version=8).SerializeToString(), "has no esteira.recipe inside"),
        ("model.onnx", onnx.ModelProto(ir_version=8, metadata_props=[_BROKEN]).SerializeToString(), "is not JSON"),
        ("absent.onnx", None, "No such file"),
        ("model.json", b"{}", "has no sha256 and recipe"),
        ("model.json", b"[]", "holds no JSON object"),
        ("model.json", b"{", "is not JSON"),
        ("model.json", b'{"sha256":"x","recipe":{"seeds":1}}', "a recipe has no field 'seeds'"),
        ("model.json", b'{"sha256":"x","recipe":{"estimator":1}}', "the recipe's estimator is 1: want str"),
    ],
)
def test_no_recipe(tmp_path: Path, name: str, content: bytes | None, wanted: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Problem, match=wanted):
        recipe.read(path)


def test_recipe_is_read_as_it_was_written(iris: Path) -> None:
    assert recipe.read(iris / "model.onnx") == recipe.read(iris / "model.json")
