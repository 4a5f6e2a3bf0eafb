"""Each estimator on the allow-list is exported as what it is, and each that is refused still is not."""

import numpy as np
import onnx
import pytest
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from training import builtin, estimators, export, fitting
from training.problem import Problem
from training.recipe import Recipe

# Boosting fits a tree for each class and round: 10 rounds of ten digits are enough to prove an export.
QUICK = {"gradient-boosting": {"n_estimators": 10}}


@pytest.mark.parametrize("dataset", builtin.NAMES)
@pytest.mark.parametrize("estimator", estimators.ESTIMATORS)
def test_export_is_proven(estimator: str, dataset: str) -> None:
    table = builtin.load(dataset)
    parameters = estimators.complete(estimator, QUICK.get(estimator, {}))
    recipe = Recipe(estimator, parameters, 0, 10, dataset, table.sha256())
    model = fitting.fit(recipe, table.rows, table.labels, len(table.classes))
    exported = export.convert(model, len(table.features))
    export.prove(model, exported, table.rows, seed=1)
    labels, probabilities = export.predict(exported, table.rows)
    assert np.array_equal(labels, model.predict(table.rows))
    assert np.abs(probabilities - model.predict_proba(table.rows)).max() <= export.TOLERANCE


REFUSED: dict[str, tuple[str, ClassifierMixin]] = {
    "scaled-random-forest": ("digits", make_pipeline(StandardScaler(), RandomForestClassifier(random_state=1))),
    "k-nearest-neighbours": ("digits", KNeighborsClassifier()),
    "hist-gradient-boosting": ("iris", HistGradientBoostingClassifier(random_state=1)),
    "linear-discriminant-analysis": ("breast-cancer", make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())),
    "gaussian-naive-bayes": ("digits", GaussianNB()),
}


def test_all_refused_are_tried() -> None:
    assert set(REFUSED) == set(estimators.REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_fails_the_proof(name: str) -> None:
    dataset, model = REFUSED[name]
    table = builtin.load(dataset)
    model.fit(table.rows, table.labels)
    with pytest.raises((Problem, ValueError), match=r"not proven|Unable to create node"):
        export.prove(model, export.convert(_pipeline(model), len(table.features)), table.rows, seed=1)
    with pytest.raises(Problem, match=f"estimator {name} is refused: "):
        estimators.find(name)


def _pipeline(model: ClassifierMixin) -> Pipeline:
    return model if isinstance(model, Pipeline) else Pipeline([("classify", model)])


def test_proof_sees_another_model() -> None:
    table = builtin.load("iris")
    one, other = (
        fitting.fit(
            Recipe("logistic-regression", estimators.complete("logistic-regression", {"C": c}), 0, 10, "iris", ""),
            table.rows,
            table.labels,
            3,
        )
        for c in (1.0, 1.001)
    )
    with pytest.raises(Problem, match="a probability differs by"):
        export.prove(one, export.convert(other, 4), table.rows, seed=1)


def test_model_is_what_the_contract_says() -> None:
    table = builtin.load("wine")
    recipe = Recipe("mlp", estimators.complete("mlp", {"max_iter": 300}), 0, 10, "wine", table.sha256())
    exported = export.convert(fitting.fit(recipe, table.rows, table.labels, 3), 13)
    model = onnx.load_model_from_string(export.describe(exported, {"b": {"z": 1, "a": [1.5]}, "a": {}}))
    onnx.checker.check_model(model)
    assert model.ir_version == export.IR_VERSION
    assert all(entry.version <= export.OPSETS[entry.domain] for entry in model.opset_import)
    assert [entry.name for entry in model.graph.input] == ["features"]
    assert [entry.name for entry in model.graph.output] == ["label", "probabilities"]
    kinds = [entry.type.tensor_type.elem_type for entry in [*model.graph.input, *model.graph.output]]
    assert kinds == [onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.FLOAT]
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [
        ("esteira.a", "{}"),
        ("esteira.b", '{"a":[1.5],"z":1}'),
    ]
