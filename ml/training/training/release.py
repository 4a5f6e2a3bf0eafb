"""What production's release says of models."""

from dataclasses import dataclass
from pathlib import Path

from training import document, names
from training.problem import Problem


@dataclass(frozen=True)
class Released:
    """A model that production runs."""

    name: str
    version: str
    sha256: str


def read(path: Path) -> list[Released]:
    """Reads the models of a release set, of which there may be none; its other fields are none of our business."""
    value = document.some_fields(document.read(path), str(path), {"apiVersion", "kind", "models"})
    if (value["apiVersion"], value["kind"]) != ("esteira/v1", "ReleaseSet"):
        raise Problem(f"{path} is a {value['apiVersion']} {value['kind']}: want an esteira/v1 ReleaseSet")
    return [
        _model(names.check(name, f"{path}: models"), entry, f"{path}: models.{name}")
        for name, entry in document.some_fields(value["models"] or {}, f"{path}: models", set()).items()
    ]


def _model(name: str, entry: object, where: str) -> Released:
    fields = document.some_fields(entry, where, {"version", "sha256"})
    version = document.text(fields["version"], f"{where}.version")
    return Released(name, version, names.sha256(fields["sha256"], f"{where}.sha256"))
