"""The gate's record, as the gate writes it."""

import json
from pathlib import Path

import pytest

from tests.samples import GATE, GATED
from training import canonical, record
from training.problem import Problem


@pytest.mark.parametrize(
    ("judgement", "decision", "blessed", "champion"),
    [
        ("bless", "bless", True, "b" * 64),
        ("reject", "reject", False, "b" * 64),
        ("approved", "rubber-stamp", True, ""),
        ("rubber-stamp", "rubber-stamp", False, ""),
    ],
)
def test_what_the_gate_writes(judgement: str, decision: str, blessed: bool, champion: str) -> None:
    path = GATE / judgement / "record.json"
    read = record.read(path, GATED)
    assert (read.decision, read.blessed, read.champion_sha256) == (decision, blessed, champion)
    assert (read.model_sha256, read.data_sha256) == (GATED, "d" * 64)
    assert read.sha256 == canonical.sha256(path.read_bytes())


def test_record_of_another_model() -> None:
    with pytest.raises(Problem, match=f"is the record of the model {GATED}, and not of {'0' * 64}"):
        record.read(GATE / "bless" / "record.json", "0" * 64)


@pytest.mark.parametrize("judgement", ["bless", "reject"])
def test_statement_is_no_record(tmp_path: Path, judgement: str) -> None:
    """Signed or not: the registry counts judgements by the digest of the record itself."""
    signed = tmp_path / "record.dsse.json"
    signed.write_text(json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": "", "signatures": []}))
    for path in (GATE / judgement / "statement.json", signed):
        with pytest.raises(Problem, match=r"is a statement around a record: give the gate's record\.json"):
            record.read(path, GATED)


@pytest.mark.parametrize("field", ["approved", "data", "model", "verdict", "version"])
def test_field_that_is_missing(tmp_path: Path, field: str) -> None:
    """The gate writes each of them, whatever it decides."""
    for judgement in ("bless", "reject", "approved", "rubber-stamp"):
        value = json.loads((GATE / judgement / "record.json").read_text())
        del value[field]
        path = tmp_path / "record.json"
        path.write_text(json.dumps(value))
        with pytest.raises(Problem, match=f"{field} is missing"):
            record.read(path, GATED)
