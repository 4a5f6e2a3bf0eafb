"""A model that is damaged, missing, not blessed or of another shape never becomes ready."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import making
from tests.running import running

Prepare = Callable[[Path, bytes], str]


def _missing_folder(root: Path, content: bytes) -> str:
    return making.sha256(content)


def _missing_model(root: Path, content: bytes) -> str:
    (root / "champion").mkdir()
    return making.sha256(content)


def _damaged(root: Path, content: bytes) -> str:
    digest = making.lay(root, "champion", content)
    (root / "champion/model.onnx").write_bytes(content[:-1] + b"x")
    return digest


def _cut_off(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", content[: len(content) // 2])


def _link(root: Path, content: bytes) -> str:
    digest = making.lay(root, "champion", content)
    (root / "champion/model.onnx").rename(root / "elsewhere.onnx")
    (root / "champion/model.onnx").symlink_to(root / "elsewhere.onnx")
    return digest


def _linked_folder(root: Path, content: bytes) -> str:
    digest = making.lay(root, "elsewhere", content)
    (root / "champion").symlink_to(root / "elsewhere")
    return digest


def _pipe(root: Path, content: bytes) -> str:
    digest = making.lay(root, "champion", content)
    (root / "champion/model.onnx").unlink()
    os.mkfifo(root / "champion/model.onnx")
    return digest


def _no_record(root: Path, content: bytes) -> str:
    digest = making.lay(root, "champion", content)
    (root / "champion/record.json").unlink()
    return digest


def _rejected(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", content, making.record(making.sha256(content), "reject"))


def _bare_record(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", content, making.gated("bless", "record.json"))


def _other_models_record(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", content, making.record("0" * 64))


def _no_model(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", b"not a model")


def _pickle(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00.")


def _renamed_output(root: Path, content: bytes) -> str:
    return making.lay(root, "champion", making.renamed_output(content))


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (_missing_folder, "No such file or directory: 'champion'"),
        (_missing_model, "No such file or directory: 'model.onnx'"),
        (_damaged, "model.onnx has SHA-256 "),
        (_cut_off, "ONNX Runtime cannot load it"),
        (_link, "Too many levels of symbolic links: 'model.onnx'"),
        (_linked_folder, "Not a directory: 'champion'"),
        (_pipe, "is not a regular file"),
        (_no_record, "No such file or directory: 'record.json'"),
        (_rejected, "record.json has the verdict 'reject', and only a blessed model is served"),
        (_bare_record, "record.json is the gate's bare record, and no statement about a model: MODEL_RECORD_URI (CHALL"),
        (_other_models_record, "record.json is about another model"),
        (_no_model, "ONNX Runtime cannot load it"),
        (_pickle, "ONNX Runtime cannot load it"),
        (_renamed_output, "its outputs must be label (int64) and probabilities (float32)"),
    ],
)
def test_never_becomes_ready(iris: bytes, tmp_path: Path, prepare: Prepare, reason: str) -> None:
    """It lives, says why it is not ready, and predicts nothing."""
    with running(tmp_path, prepare(tmp_path, iris)) as service:
        problem = service.get("/health/ready").problem(503, "no-verified-model")
        assert reason in problem["detail"]
        service.predict().problem(503, "no-verified-model")
        assert service.get("/health/live").status == 200
        assert [line for line in service.lines() if line["log"]["level"] == "ERROR"]


def test_needs_no_record_where_the_policy_asks_for_none(iris: bytes, tmp_path: Path) -> None:
    """For a laptop, where nobody has judged anything."""
    with running(tmp_path, _no_record(tmp_path, iris), MODEL_BLESSING="none") as service:
        assert service.get("/health/ready").status == 200


def test_takes_an_approved_rubber_stamp(iris: bytes, tmp_path: Path) -> None:
    """The first model has no champion to beat; a person approved it."""
    blessing = making.record(making.sha256(iris), "approved")
    with running(tmp_path, making.lay(tmp_path, "champion", iris, blessing)) as service:
        assert service.get("/health/ready").status == 200
