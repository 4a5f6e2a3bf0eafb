"""Models at an MLflow server. Everything here may be called again, and killed at any time and called again: what is
there already is found by the sha256 of the model, and only what is missing is added. There is no compare-and-swap:
let one call at a time write to a registered model."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

from training import folder, table
from training.folder import Model
from training.problem import Problem
from training.record import Record
from training.release import Released
from training.table import Table

# Judgements of all models, so that those of one data set can be counted.
JUDGEMENTS = "esteira-judgements"

ARTEFACTS = "model"


@dataclass(frozen=True)
class Registry:
    """The registry of one server."""

    client: MlflowClient

    def register(self, model: Model, data: Table, commit: str | None) -> ModelVersion:
        """The version of the model, with the alias candidate; it is made if it is not there yet."""
        name = model.recipe.dataset
        version = self._find(f"name = '{name}' and tags.sha256 = '{model.sha256}'")
        if version is None:
            run = self._run(self._experiment(name), f"model_sha256 = '{model.sha256}'", _tags(model, commit))
            if run.info.status != RunStatus.to_string(RunStatus.FINISHED):
                self._log(run, model, data)
            self._create_model(name)
            version = self.client.create_model_version(
                name,
                source=f"{run.info.artifact_uri}/{ARTEFACTS}",
                run_id=run.info.run_id,
                tags={"sha256": model.sha256},
                await_creation_for=0,
            )
        self._alias(version, "candidate")
        return version

    def version(self, sha256: str) -> ModelVersion:
        """The version of a model; one that is not registered is a Problem."""
        version = self._find(f"tags.sha256 = '{sha256}'")
        if version is None:
            raise Problem(f"no model with the digest {sha256} is registered: register it first")
        return version

    def bless(self, version: ModelVersion, record: Record) -> None:
        """Logs the judgement, and gives the version the alias blessed."""
        self.log(version, record)
        self._tag(version, "record", record.sha256)
        self._alias(version, "blessed")

    def log(self, version: ModelVersion, record: Record) -> None:
        """Logs a judgement: one run for each record."""
        tags = {
            "record": record.sha256,
            "judgement": record.judgement,
            "data_sha256": record.data_sha256,
            "model_sha256": record.model_sha256,
            "model_version": f"{version.name}/{version.version}",
            "decision": record.decision,
        }
        run = self._run(self._experiment(JUDGEMENTS), f"record = '{record.sha256}'", tags)
        if run.info.status != RunStatus.to_string(RunStatus.FINISHED):
            self.client.log_artifact(run.info.run_id, str(record.path))
            self.client.set_terminated(run.info.run_id)

    def judged(self, data_sha256: str, model_sha256: str | None) -> int:
        """How many judgements were logged for a data set, but for those of one model. The same models on the same data
        again tell nothing new: that is one judgement, however many records there are of it."""
        experiment = self.client.get_experiment_by_name(JUDGEMENTS)
        if experiment is None:
            return 0
        judgements, page = set(), None
        while True:
            runs = self.client.search_runs(
                [experiment.experiment_id], f"tags.data_sha256 = '{data_sha256}'", page_token=page
            )
            judgements |= {r.data.tags["judgement"] for r in runs if r.data.tags["model_sha256"] != model_sha256}
            if not (page := runs.token):
                return len(judgements)

    def released(self, model: Released) -> ModelVersion:
        """The version that a release names; one that is not registered, or under another number, is a Problem."""
        version = self._find(f"name = '{model.name}' and tags.sha256 = '{model.sha256}'")
        if version is None:
            raise Problem(f"the release names {model.name} {model.sha256}: no version has this digest")
        if str(version.version) != model.version:
            raise Problem(
                f"the release names version {model.version} of {model.name}, {model.sha256}: "
                f"the version with this digest is {version.version}"
            )
        return version

    def crown(self, version: ModelVersion) -> bool:
        """Gives the version the alias champion. Says whether anything changed."""
        return self._alias(version, "champion")

    def fetch(self, version: ModelVersion, output: Path) -> Model:
        """Gets what train.py left for a version into a new folder, which is there only when all of it is verified."""
        if version.run_id is None:
            raise Problem(f"version {version.version} of {version.name} has no run: it was not made by register")
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".fetch-") as scratch:
            arrived = Path(scratch) / ARTEFACTS
            arrived.mkdir()
            for name in folder.FILES:
                self.client.download_artifacts(version.run_id, f"{ARTEFACTS}/{name}", str(arrived))
            model, data = folder.read(arrived), table.read(arrived)
            if model.sha256 != version.tags["sha256"]:
                raise Problem(f"the server's model has the digest {model.sha256}, and not {version.tags['sha256']}")
            if data.sha256() != model.recipe.dataset_sha256:
                raise Problem(
                    f"the server's data has the digest {data.sha256()}, and not {model.recipe.dataset_sha256}"
                )
            arrived.rename(output)
        return folder.read(output)

    def _find(self, query: str) -> ModelVersion | None:
        """The first version that was made; two can be there if two calls ran side by side."""
        versions = self.client.search_model_versions(query)
        return min(versions, key=lambda version: int(version.version), default=None)

    def _run(self, experiment: str, query: str, tags: dict[str, str]) -> Run:
        """The first run that has a tag, or a new one that has all tags from its first moment."""
        if runs := self.client.search_runs([experiment], f"tags.{query}", order_by=["attributes.start_time ASC"]):
            return runs[0]
        return self.client.create_run(experiment, tags=tags, run_name=f"model {tags['model_sha256'][:12]}")

    def _log(self, run: Run, model: Model, data: Table) -> None:
        number = run.info.run_id
        known = run.data.metrics
        self.client.log_batch(
            number,
            # The parameters of a run cannot change and a metric would get a second point: only what is missing.
            metrics=[Metric(k, v, run.info.start_time, 0) for k, v in model.card["metrics"].items() if k not in known],
            params=[Param(k, v) for k, v in model.recipe.flat().items() if k not in run.data.params],
        )
        self.client.log_inputs(number, [_input(model, data)])
        for name in folder.FILES:
            self.client.log_artifact(number, str(model.path.parent / name), ARTEFACTS)
        self.client.set_terminated(number)

    def _experiment(self, name: str) -> str:
        try:
            return str(self.client.create_experiment(name))
        except MlflowException as err:
            if not _is(err, RESOURCE_ALREADY_EXISTS):
                raise
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage != "active":
            raise Problem(f"the experiment {name} was deleted at the server: restore it")
        return str(experiment.experiment_id)

    def _create_model(self, name: str) -> None:
        try:
            self.client.create_registered_model(name)
        except MlflowException as err:
            if not _is(err, RESOURCE_ALREADY_EXISTS):
                raise

    def _tag(self, version: ModelVersion, key: str, value: str) -> None:
        if version.tags.get(key) != value:
            self.client.set_model_version_tag(version.name, str(version.version), key, value)

    def _alias(self, version: ModelVersion, alias: str) -> bool:
        """Moves an alias, if it is not there yet."""
        number = str(version.version)
        moved = str(self.client.get_registered_model(version.name).aliases.get(alias)) != number
        if moved:
            self.client.set_registered_model_alias(version.name, alias, number)
        return moved


def _is(err: MlflowException, code: int) -> bool:
    return bool(err.error_code == ErrorCode.Name(code))


def _tags(model: Model, commit: str | None) -> dict[str, str]:
    return {"model_sha256": model.sha256} | ({"mlflow.source.git.commit": commit} if commit else {})


def _input(model: Model, data: Table) -> DatasetInput:
    """The data as an input of the run. MLflow keeps 36 characters of a digest: all of it is in the source."""
    columns = [{"type": "float", "name": name, "required": True} for name in data.features]
    dataset = Dataset(
        name=data.name,
        digest=model.recipe.dataset_sha256[:36],
        source_type="local",
        source=json.dumps({"uri": f"{ARTEFACTS}/data.csv", "sha256": model.recipe.dataset_sha256}),
        schema=json.dumps({"mlflow_colspec": [*columns, {"type": "string", "name": table.LABEL, "required": True}]}),
        profile=json.dumps({"num_rows": len(data.rows), "class_mix": model.card["class_mix"]}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
