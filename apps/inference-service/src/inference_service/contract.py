"""What travels inside a model: its signature, its card and its recipe, as ONNX metadata."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class ContractError(Exception):
    """A model without the metadata that it must have."""


class Input(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A feature. Every one of them is a float32."""

    name: Annotated[str, Meta(min_length=1)]
    type: str


class Signature(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What goes in and what comes out."""

    inputs: Annotated[list[Input], Meta(min_length=1)]
    classes: Annotated[list[str], Meta(min_length=2)]


class Histogram(msgspec.Struct, frozen=True):
    """How training data was spread: bin i counts the values in (edges[i-1], edges[i]], the outer two being open."""

    edges: list[float]
    counts: list[Annotated[int, Meta(ge=0)]]


class Feature(Histogram, frozen=True):
    """How one feature of the training data was spread."""

    name: str
    min: float
    max: float


class Card(msgspec.Struct, frozen=True):
    """The model card: what the model was made of, what for, and what not for."""

    dataset: str
    rows: int
    class_mix: dict[str, Annotated[int, Meta(ge=0)]]
    features: list[Feature]
    confidence: Histogram
    intended_use: str
    limits: str
    metrics: dict[str, Any]


class Contract(msgspec.Struct, frozen=True):
    """All of a model's metadata."""

    signature: Signature
    card: Card
    recipe: dict[str, Any]


def read(metadata: dict[str, str]) -> Contract:
    """Read a model's metadata; raises ContractError, which names the entry and the field."""
    contract = Contract(
        _entry(metadata, "esteira.signature", Signature),
        _entry(metadata, "esteira.card", Card),
        _entry(metadata, "esteira.recipe", dict[str, Any]),
    )
    _check_signature(contract.signature)
    _check_card(contract.card, contract.signature)
    return contract


def _entry[T](metadata: dict[str, str], name: str, kind: type[T]) -> T:
    if name not in metadata:
        raise ContractError(f"the model has no metadata {name}")
    try:
        return msgspec.json.decode(metadata[name], type=kind)
    except msgspec.DecodeError as error:
        raise ContractError(f"the model's metadata {name}: {error}") from None


def _check_signature(signature: Signature) -> None:
    names = [feature.name for feature in signature.inputs]
    for what, values in (("an input", names), ("a class", signature.classes)):
        if len(set(values)) != len(values):
            raise ContractError(f"the model's signature names {what} twice: {values}")
    for feature in signature.inputs:
        if feature.type != "float32":
            raise ContractError(f"the model's input {feature.name!r} is {feature.type}, and only float32 is served")


def _check_card(card: Card, signature: Signature) -> None:
    names = [feature.name for feature in signature.inputs]
    described = [feature.name for feature in card.features]
    if described != names:
        raise ContractError(f"the model's card describes the features {described}, its signature {names}")
    if set(card.class_mix) != set(signature.classes):
        raise ContractError(f"the model's card counts the classes {list(card.class_mix)}, its signature {signature.classes}")
    for name, histogram in [(feature.name, feature) for feature in card.features] + [("confidence", card.confidence)]:
        if histogram.edges != sorted(set(histogram.edges)):
            raise ContractError(f"the model's card: the edges of {name!r} do not ascend: {histogram.edges}")
        if len(histogram.counts) != len(histogram.edges) + 1:
            raise ContractError(
                f"the model's card: {name!r} has {len(histogram.counts)} counts for {len(histogram.edges)} edges, not one more"
            )
