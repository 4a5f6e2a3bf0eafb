"""What the gate said of a model."""

from dataclasses import dataclass
from pathlib import Path

from training import canonical, document, names
from training.problem import Problem


@dataclass(frozen=True)
class Record:
    """The part of a gate's record.json that a registry needs. sha256 is that of the file."""

    path: Path
    sha256: str
    model_sha256: str
    data_sha256: str
    champion_sha256: str
    decision: str
    approved: bool

    @property
    def blessed(self) -> bool:
        """Whether the model may be deployed: it was blessed, or a person approved its rubber stamp."""
        return self.decision == "bless" or (self.decision == "rubber-stamp" and self.approved)

    @property
    def judgement(self) -> str:
        """What was compared with what, on which data."""
        return canonical.sha256(f"{self.data_sha256} {self.model_sha256} {self.champion_sha256}".encode())


def read(path: Path, model_sha256: str) -> Record:
    """Reads the record of a model; one of another model or another version, or a statement, is a Problem."""
    value = canonical.read_object(path)
    if "predicate" in value or "payload" in value:
        raise Problem(f"{path} is a statement around a record: give the gate's record.json")
    document.some_fields(value, str(path), {"approved", "data", "model", "verdict", "version"})
    if value["version"] != 1:
        raise Problem(f"{path}: version is {value['version']!r}: this reads version 1")
    record = Record(
        path=path,
        sha256=canonical.sha256(path.read_bytes()),
        model_sha256=_sha256(value["model"], f"{path}: model"),
        data_sha256=_sha256(value["data"], f"{path}: data"),
        champion_sha256=_sha256(value["champion"], f"{path}: champion") if value.get("champion") else "",
        decision=document.text(value["verdict"], f"{path}: verdict"),
        approved=value["approved"] is True,
    )
    if record.model_sha256 != model_sha256:
        raise Problem(f"{path} is the record of the model {record.model_sha256}, and not of {model_sha256}")
    return record


def _sha256(value: object, where: str) -> str:
    return names.sha256(document.some_fields(value, where, {"sha256"})["sha256"], f"{where}.sha256")
