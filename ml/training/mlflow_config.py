"""Registers models at an MLflow server, and keeps their aliases. Each command may be called again at any time."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import canonical, command, folder, names, record, release, table, tracking
from training.problem import Problem
from training.registry import Registry


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="mlflow_config.py", description=__doc__)
    parser.add_argument(
        "--tracking",
        default=os.environ.get("MLFLOW_TRACKING_URI", ""),
        metavar="URL",
        help="the server (MLFLOW_TRACKING_URI); MLFLOW_TRACKING_TOKEN, or …_USERNAME and …_PASSWORD, say who asks",
    )
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for the whole command (120)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    register = commands.add_parser("register", help="make the version of a model, with the alias candidate")
    register.add_argument("--model", type=Path, required=True, metavar="DIR", help="what train.py has written")
    register.add_argument("--commit", metavar="SHA", help="the Git commit that it was trained at")
    register.set_defaults(run=_register)
    for name, run, what in (
        ("bless", _bless, "log the gate's judgement, and set the alias blessed"),
        ("reject", _reject, "log a judgement of the gate that blesses nothing"),
    ):
        judge = commands.add_parser(name, help=what)
        judge.add_argument("--sha256", required=True, help="of the registered model")
        judge.add_argument("--record", type=Path, required=True, metavar="FILE", help="the gate's record.json")
        judge.set_defaults(run=run)
    champion = commands.add_parser("champion", help="set the alias champion to what production's release names")
    champion.add_argument("--release", type=Path, required=True, metavar="FILE", help="production's release.yaml")
    champion.set_defaults(run=_champion)
    fetch = commands.add_parser("fetch", help="get a registered model, as train.py has written it")
    fetch.add_argument("--sha256", required=True, help="of the registered model")
    fetch.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder for it")
    fetch.set_defaults(run=_fetch)
    judged = commands.add_parser("judged", help="count the judgements that were logged for a data set")
    judged.add_argument("--data-sha256", required=True, help="of the data set")
    judged.add_argument("--sha256", help="of the model that is to be judged: its own judgements are not counted")
    judged.set_defaults(run=_judged)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Runs a subcommand, and prints what it says as one JSON object in the last line."""
    with tracking.connect(arguments.tracking, arguments.timeout) as client:
        print(canonical.dumps(arguments.run(Registry(client), arguments)))


def _register(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    model, data = folder.read(arguments.model), table.read(arguments.model)
    if data.sha256() != model.recipe.dataset_sha256:
        raise Problem(
            f"{arguments.model}: the model was trained on {model.recipe.dataset_sha256}, and data.csv is other"
        )
    return _version(registry.register(model, data, arguments.commit)) | {"alias": "candidate"}


def _bless(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    judgement = record.read(arguments.record, _sha256(arguments.sha256))
    if not judgement.blessed:
        raise Problem(f"{arguments.record}: the decision is {judgement.decision}, and blesses nothing")
    version = registry.version(judgement.model_sha256)
    registry.bless(version, judgement)
    return _version(version) | {"alias": "blessed", "record": judgement.sha256}


def _reject(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    judgement = record.read(arguments.record, _sha256(arguments.sha256))
    if judgement.blessed:
        raise Problem(f"{arguments.record}: the decision is {judgement.decision}: call bless")
    version = registry.version(judgement.model_sha256)
    registry.log(version, judgement)
    return _version(version) | {"decision": judgement.decision, "record": judgement.sha256}


def _champion(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    # All are looked up before the first alias moves: a release that cannot be true moves none.
    versions = [registry.released(model) for model in release.read(arguments.release)]
    return {"champions": [_version(version) | {"moved": registry.crown(version)} for version in versions]}


def _fetch(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    version = registry.version(_sha256(arguments.sha256))
    registry.fetch(version, folder.create(arguments.output))
    return _version(version) | {"path": str(arguments.output / "model.onnx")}


def _judged(registry: Registry, arguments: argparse.Namespace) -> dict[str, Any]:
    digest = names.sha256(arguments.data_sha256, "--data-sha256")
    model = _sha256(arguments.sha256) if arguments.sha256 else None
    return {"data_sha256": digest, "judged": registry.judged(digest, model)}


def _sha256(text: str) -> str:
    return names.sha256(text, "--sha256")


def _version(version: Any) -> dict[str, Any]:
    return {"name": version.name, "version": str(version.version), "sha256": version.tags["sha256"]}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Returns its exit code."""
    return command.execute(parser(), argv, run)


if __name__ == "__main__":
    command.end(main())
