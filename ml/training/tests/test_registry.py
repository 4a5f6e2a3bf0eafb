"""mlflow_config.py at a real server."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

import mlflow_config
from tests import server
from tests.samples import GATE, GATED, Samples
from training import canonical, folder, table
from training.folder import Model


def call(capsys: pytest.CaptureFixture[str], url: str, *arguments: object) -> dict[str, Any]:
    code = mlflow_config.main(["--tracking", url, *map(str, arguments)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return dict(json.loads(printed.out.splitlines()[-1]))


def refuse(capsys: pytest.CaptureFixture[str], url: str, *arguments: object) -> str:
    assert mlflow_config.main(["--tracking", url, *map(str, arguments)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("mlflow_config: ")
    assert printed.err.count("\n") == 1
    return printed.err


def record(path: Path, of: Model, changes: dict[str, Any] | None = None, judgement: str = "bless") -> Path:
    """What the gate wrote of a judgement, as if it were of this model and its data."""
    value = json.loads((GATE / judgement / "record.json").read_text().replace(GATED, of.sha256))
    value["data"]["sha256"] = of.recipe.dataset_sha256
    target = path / "record.json"
    target.write_text(json.dumps(value | (changes or {})))
    return target


def release(path: Path, **models: dict[str, str]) -> Path:
    """A release set of production."""
    target = path / "release.yaml"
    head = {"apiVersion": "esteira/v1", "kind": "ReleaseSet", "environment": "prod", "sequence": 3}
    target.write_text(json.dumps(head | {"models": models}))
    return target


def test_everything_twice(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = samples.model("twice")
    path, judgement = model.path.parent, record(samples.path, model)
    release_file = release(samples.path, twice={"version": "1", "sha256": model.sha256})
    version = {"name": "twice", "version": "1", "sha256": model.sha256}
    states = []
    for first in (True, False):
        registered = call(capsys, tracking, "register", "--model", path, "--commit", "a" * 40)
        assert registered == version | {"alias": "candidate"}
        blessed = call(capsys, tracking, "bless", "--sha256", model.sha256, "--record", judgement)
        assert blessed == version | {"alias": "blessed", "record": canonical.sha256(judgement.read_bytes())}
        crowned = call(capsys, tracking, "champion", "--release", release_file)
        assert crowned == {"champions": [version | {"moved": first}]}
        states.append(server.state(tracking, "twice", model.sha256))
    assert states[0] == states[1]
    assert states[0]["aliases"] == [{"candidate": "1", "blessed": "1", "champion": "1"}]
    run = next(json.loads(text) for (text,) in states[0]["runs"] if "accuracy" in text)
    status, parameters, metrics, history, artefacts, inputs, tags = run
    assert status == "FINISHED"
    assert parameters["estimator"] == "decision-tree"
    assert (parameters["max_depth"], parameters["folds"]) == ("2", "2")
    assert metrics == model.card["metrics"]
    assert set(history.values()) == {1}
    assert artefacts == ["model", *sorted(f"model/{name}" for name in folder.FILES)]
    assert inputs == [["NAME", "training"]]
    assert tags["mlflow.source.git.commit"] == "a" * 40


def test_next_model_takes_over(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = samples.model("next")
    call(capsys, tracking, "register", "--model", first.path.parent)
    call(capsys, tracking, "champion", "--release", release(samples.path, next=_entry("1", first.sha256)))
    second = _retrained(samples, first)
    assert call(capsys, tracking, "register", "--model", second.path.parent)["version"] == "2"
    assert server.state(tracking, "next", "-" * 64)["aliases"] == [{"candidate": "2", "champion": "1"}]
    moved = call(capsys, tracking, "champion", "--release", release(samples.path, next=_entry("2", second.sha256)))
    assert moved["champions"][0]["moved"]
    back = call(capsys, tracking, "champion", "--release", release(samples.path, next=_entry("1", first.sha256)))
    assert (back["champions"][0]["moved"], back["champions"][0]["version"]) == (True, "1")


def test_first_of_two_versions_is_used(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two calls side by side may each have made one: from then on all calls agree on the first."""
    model = samples.model("doubled")
    call(capsys, tracking, "register", "--model", model.path.parent)
    client = MlflowClient(tracking)
    (first,) = client.search_model_versions("name = 'doubled'")
    client.create_model_version("doubled", first.source or "", first.run_id, tags=first.tags)
    assert call(capsys, tracking, "register", "--model", model.path.parent)["version"] == "1"
    blessed = call(capsys, tracking, "bless", "--sha256", model.sha256, "--record", record(samples.path, model))
    assert blessed["version"] == "1"


def _entry(version: str, sha256: str) -> dict[str, str]:
    return {"version": version, "sha256": sha256}


def _retrained(samples: Samples, model: Model) -> Model:
    """Another model of the same data."""
    recipe = replace(model.recipe, seed=1, parameters=model.recipe.parameters | {"max_depth": 1})
    return folder.train(table.read(model.path.parent), recipe, folder.create(samples.path / "second"))


def test_fetch(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = samples.model("fetched")
    call(capsys, tracking, "register", "--model", model.path.parent)
    output = samples.path / "out"
    fetched = call(capsys, tracking, "fetch", "--sha256", model.sha256, "--output", output)
    assert fetched["path"] == str(output / "model.onnx")
    for name in folder.FILES:
        assert (output / name).read_bytes() == (model.path.parent / name).read_bytes()
    assert "is not empty" in refuse(capsys, tracking, "fetch", "--sha256", model.sha256, "--output", output)


@pytest.mark.parametrize("name", ["model.onnx", "data.csv"])
def test_fetched_file_that_was_changed(
    samples: Samples,
    tracking: str,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    model = samples.model(f"changed-{name.partition('.')[0]}")
    call(capsys, tracking, "register", "--model", model.path.parent)
    stored = tmp_path_factory.getbasetemp().glob(f"mlflow*/art/*/*/artifacts/model/{name}")
    wanted = (model.path.parent / name).read_bytes()
    (changed,) = {path.resolve() for path in stored if path.read_bytes() == wanted}
    changed.write_bytes(changed.read_bytes().replace(b"yes", b"yea"))
    output = samples.path / "out"
    error = refuse(capsys, tracking, "fetch", "--sha256", model.sha256, "--output", output)
    assert "has the digest" in error
    assert list(output.iterdir()) == []


def test_judgements_are_counted(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    one = samples.model("counted")
    call(capsys, tracking, "register", "--model", one.path.parent)
    two = _retrained(samples, one)
    call(capsys, tracking, "register", "--model", two.path.parent)
    data = one.recipe.dataset_sha256

    def judged(*more: str) -> int:
        return int(call(capsys, tracking, "judged", "--data-sha256", data, *more)["judged"])

    assert judged() == 0
    call(capsys, tracking, "bless", "--sha256", one.sha256, "--record", record(samples.path, one))
    assert (judged(), judged("--sha256", one.sha256), judged("--sha256", two.sha256)) == (1, 0, 1)
    again = record(samples.path, one, {"judged": 1})
    call(capsys, tracking, "bless", "--sha256", one.sha256, "--record", again)
    assert judged() == 1, "the same models on the same data: another record, and no other judgement"
    rejected = record(samples.path, two, judgement="reject")
    call(capsys, tracking, "reject", "--sha256", two.sha256, "--record", rejected)
    assert (judged(), judged("--sha256", two.sha256)) == (2, 1)
    inconclusive = {"verdict": "inconclusive", "champion": None}
    other = record(samples.path, two, inconclusive)
    call(capsys, tracking, "reject", "--sha256", two.sha256, "--record", other)
    assert judged() == 3
    assert server.state(tracking, "counted", two.sha256)["aliases"] == [{"candidate": "2", "blessed": "1"}]


@pytest.mark.parametrize(
    ("command", "changes", "wanted"),
    [
        ("bless", {"verdict": "reject"}, "the decision is reject, and blesses nothing"),
        ("bless", {"verdict": "inconclusive"}, "inconclusive, and blesses nothing"),
        ("bless", {"verdict": "rubber-stamp"}, "rubber-stamp, and blesses nothing"),
        ("bless", {"verdict": "reject", "approved": True}, "the decision is reject, and blesses nothing"),
        ("bless", {"verdict": "rubber-stamp", "approved": "Ana"}, "rubber-stamp, and blesses nothing"),
        ("bless", {"model": {"sha256": "0" * 64}}, "is the record of the model 0000"),
        ("bless", {"model": {}}, "model: sha256 is missing"),
        ("bless", {"data": {"sha256": "x"}}, "data.sha256 is 'x': want 64 lower-case hexadecimal digits"),
        ("bless", {"version": 2}, "version is 2: this reads version 1"),
        ("bless", {"verdict": {"decision": "bless"}}, "record.json: verdict"),
        ("reject", {}, "the decision is bless: call bless"),
    ],
)
def test_record_that_does_not_do(
    samples: Samples,
    tracking: str,
    capsys: pytest.CaptureFixture[str],
    command: str,
    changes: dict[str, Any],
    wanted: str,
) -> None:
    model = samples.model("refused")
    call(capsys, tracking, "register", "--model", model.path.parent)
    before = server.state(tracking, "refused", model.sha256)
    path = record(samples.path, model, changes)
    assert wanted in refuse(capsys, tracking, command, "--sha256", model.sha256, "--record", path)
    assert server.state(tracking, "refused", model.sha256) == before
    assert before["aliases"] == [{"candidate": "1"}]


def test_approved_rubber_stamp_blesses(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = samples.model("stamped")
    call(capsys, tracking, "register", "--model", model.path.parent)
    path = record(samples.path, model, judgement="approved")
    call(capsys, tracking, "bless", "--sha256", model.sha256, "--record", path)
    assert server.state(tracking, "stamped", model.sha256)["aliases"] == [{"blessed": "1", "candidate": "1"}]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"version": "1", "sha256": "0" * 64}, "no version has this digest"),
        ({"version": "2", "sha256": None}, "the version with this digest is 1"),
        ({"version": 1, "sha256": None}, "models.released.version is 1: want a text"),
        ({"sha256": None}, "models.released: version is missing"),
        ({"version": "1", "sha256": "ABC"}, "models.released.sha256 is 'ABC': want 64"),
    ],
)
def test_release_that_does_not_do(
    samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str], entry: dict[str, Any], wanted: str
) -> None:
    model = samples.model("released")
    call(capsys, tracking, "register", "--model", model.path.parent)
    filled = {key: model.sha256 if value is None else value for key, value in entry.items()}
    path = release(samples.path, released=filled)
    assert wanted in refuse(capsys, tracking, "champion", "--release", path)
    assert server.state(tracking, "released", model.sha256)["aliases"] == [{"candidate": "1"}]


def test_release_with_one_wrong_model_moves_none(
    samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = samples.model("one-of-two")
    call(capsys, tracking, "register", "--model", model.path.parent)
    models = {"one-of-two": _entry("1", model.sha256), "other": _entry("1", "0" * 64)}
    assert "the release names other" in refuse(
        capsys, tracking, "champion", "--release", release(samples.path, **models)
    )
    assert server.state(tracking, "one-of-two", model.sha256)["aliases"] == [{"candidate": "1"}]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kind: ReleaseSet", "apiVersion is missing"),
        ("{apiVersion: v1, kind: ConfigMap, models: {}}", "is a v1 ConfigMap: want an esteira/v1 ReleaseSet"),
        ("{apiVersion: esteira/v1, kind: ReleaseSet, models: [iris]}", "models is ['iris']: want an object"),
        ("{apiVersion: esteira/v1, kind: ReleaseSet, models: {A: {}}}", "models is 'A': want up to 63"),
    ],
)
def test_release_that_is_none(
    tmp_path: Path, tracking: str, capsys: pytest.CaptureFixture[str], text: str, wanted: str
) -> None:
    path = tmp_path / "release.yaml"
    path.write_text(text)
    assert wanted in refuse(capsys, tracking, "champion", "--release", path)


def test_release_without_models(tmp_path: Path, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, tracking, "champion", "--release", release(tmp_path)) == {"champions": []}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["fetch", "--sha256", "f" * 64, "--output", "OUT"], "no model with the digest ffff"),
        (["fetch", "--sha256", "F", "--output", "OUT"], "--sha256 is 'F': want 64 lower-case hexadecimal digits"),
        (["judged", "--data-sha256", "' or 1"], "--data-sha256 is"),
        (["register", "--model", "OUT"], "model.json: No such file"),
        (["bless", "--sha256", "f" * 64, "--record", "OUT"], "No such file"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, tracking: str, capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: str
) -> None:
    replaced = [str(tmp_path / "out") if text == "OUT" else text for text in arguments]
    assert wanted in refuse(capsys, tracking, *replaced)


def test_data_of_another_model(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    model, other = samples.model("mixed"), samples.model("mixer")
    path = model.path.parent
    data = (other.path.parent / "data.csv").read_text().splitlines()
    (path / "data.csv").write_text("\n".join([data[0], *data[:0:-1]]) + "\n")
    description = json.loads((path / "data.json").read_text())
    description["sha256"] = canonical.sha256((path / "data.csv").read_bytes())
    (path / "data.json").write_text(json.dumps(description))
    assert "and data.csv is other" in refuse(capsys, tracking, "register", "--model", path)
    assert server.state(tracking, "mixed", model.sha256) == {"aliases": [], "runs": [], "versions": []}


@pytest.mark.parametrize("url", ["", "sqlite:///mlflow.db", "mlruns", "file:///tmp", "http://"])
def test_no_server(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert "is no MLflow server: give --tracking" in refuse(capsys, url, "judged", "--data-sha256", "0" * 64)


def test_password_in_the_url_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    error = refuse(capsys, "http://ana:geheim@127.0.0.1:1", "judged", "--data-sha256", "0" * 64)
    assert "set MLFLOW_TRACKING_USERNAME" in error
    assert "geheim" not in error
