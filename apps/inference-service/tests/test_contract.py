"""The metadata that must travel with a model."""

import json
from typing import Any

import pytest
from sklearn.datasets import load_iris

from inference_service import contract
from inference_service.contract import ContractError
from inference_service.model import Model, ModelError
from inference_service.settings import Expected, Variant
from tests import making

EXPECTED = Expected(Variant.CHAMPION, "0" * 64, "iris", 7)


def _metadata() -> dict[str, Any]:
    data = load_iris()
    return making.metadata(data, "iris", data.data[:, :3] / 10)


def _read(entries: dict[str, Any]) -> contract.Contract:
    return contract.read({key: value if isinstance(value, str) else json.dumps(value) for key, value in entries.items()})


def test_reads_what_training_writes() -> None:
    """The names and the histograms."""
    read = _read(_metadata())

    assert read.signature.classes == ["setosa", "versicolor", "virginica"]
    assert read.card.features[0].name == "sepal length (cm)"
    assert sum(read.card.features[0].counts) == 150
    assert read.recipe["folds"] == 10


@pytest.mark.parametrize("name", ["esteira.signature", "esteira.card", "esteira.recipe"])
@pytest.mark.parametrize("value", [None, "", "[]", "{", '"text"'])
def test_refuses_an_entry(name: str, value: str | None) -> None:
    """One that is missing or of another shape is named."""
    entries = {key: text for key, text in (_metadata() | {name: value}).items() if text is not None}

    with pytest.raises(ContractError, match=name):
        _read(entries)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("esteira.signature", "classes"), ["one"], "length >= 2"),
        (("esteira.signature", "classes"), ["one", "one"], "names a class twice"),
        (("esteira.signature", "inputs"), [], "length >= 1"),
        (("esteira.signature", "inputs", 0, "type"), "float64", "is float64, and only float32 is served"),
        (("esteira.signature", "inputs", 0, "name"), "sepal width (cm)", "names an input twice"),
        (("esteira.signature", "inputs", 0, "name"), "other", "the model's card describes the features"),
        (("esteira.signature", "output"), "x", "unknown field"),
        (("esteira.card", "class_mix"), {"setosa": 1}, "counts the classes"),
        (("esteira.card", "class_mix", "setosa"), -1, "esteira.card: Expected `int` >= 0"),
        (("esteira.card", "features"), [], "describes the features"),
        (("esteira.card", "features", 1, "edges"), [2.0, 1.0], "edges of 'sepal width (cm)' do not ascend"),
        (("esteira.card", "features", 1, "edges"), [1.0, 1.0], "edges of 'sepal width (cm)' do not ascend"),
        (("esteira.card", "features", 1, "counts"), [1], "'sepal width (cm)' has 1 counts for"),
        (("esteira.card", "confidence", "counts"), [], "'confidence' has 0 counts for"),
    ],
)
def test_refuses_a_field(path: tuple[Any, ...], value: Any, reason: str) -> None:
    """Says which field, and what is wrong with it."""
    entries = _metadata()
    place = entries
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(ContractError) as failure:
        _read(entries)
    assert reason in str(failure.value)


def test_refuses_a_signature_that_the_graph_does_not_have(iris: bytes) -> None:
    """A card of another model is worse than none."""
    data = load_iris()
    metadata = making.metadata(data, "iris", data.data[:, :3] / 10)
    metadata["esteira.signature"]["inputs"].pop()
    metadata["esteira.card"]["features"].pop()

    with pytest.raises(ModelError, match="it cannot predict 3 features"):
        Model(EXPECTED, making.iris(**metadata))

    metadata = making.metadata(data, "iris", data.data[:, :3] / 10)
    metadata["esteira.signature"]["classes"].append("other")
    metadata["esteira.card"]["class_mix"]["other"] = 0
    with pytest.raises(ModelError, match="answers two rows by shapes"):
        Model(EXPECTED, making.iris(**metadata))
