"""The ids of predictions, and what became of them.

An id carries what was predicted and by which model, under a seal: nothing has to be remembered until the true label
comes, perhaps hours later, perhaps at another replica that has the same key. What is remembered, so that no prediction
counts twice, is the ids that were answered last.
"""

import base64
import hashlib
import hmac
import os
import struct
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto

from inference_service.settings import Variant

_FIELDS = struct.Struct(">8sHBH4sI")  # nonce, row, variant, class, model, unit
_SEAL_BYTES = 6
_ID_CHARACTERS = (_FIELDS.size + _SEAL_BYTES) * 8 // 6
_VARIANTS = tuple(Variant)


class UnknownPredictionError(Exception):
    """An id that was not made here, or with another key."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an id says: a variant, a model by the first bytes of its digest, and the index of the predicted class.

    The unit is the fingerprint of the experiment's key that was assigned, 0 for a prediction outside of an experiment.
    """

    variant: Variant
    model: bytes
    label: int
    unit: int


class Ids:
    """Makes the ids of predictions, and reads them again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, variant: Variant, model: bytes, unit: int, labels: list[int]) -> list[str]:
        """Make the ids of one request's rows: 36 characters each, which fit into a URL."""
        nonce = os.urandom(8)
        place = _VARIANTS.index(variant)
        ids = []
        for row, label in enumerate(labels):
            fields = _FIELDS.pack(nonce, row, place, label, model[:4], unit)
            ids.append(base64.urlsafe_b64encode(fields + self._seal(fields)).decode())
        return ids

    def open(self, identity: str) -> Prediction:
        """Read an id; raises UnknownPredictionError."""
        if len(identity) != _ID_CHARACTERS:
            raise UnknownPredictionError
        try:
            content = base64.b64decode(identity.encode(), altchars=b"-_", validate=True)
        except ValueError:
            raise UnknownPredictionError from None
        fields, seal = content[: _FIELDS.size], content[_FIELDS.size :]
        if not hmac.compare_digest(seal, self._seal(fields)):
            raise UnknownPredictionError
        _, _, place, label, model, unit = _FIELDS.unpack(fields)
        return Prediction(_VARIANTS[place], model, label, unit)

    def _seal(self, fields: bytes) -> bytes:
        return hashlib.blake2b(fields, key=self._key, digest_size=_SEAL_BYTES).digest()


class Novelty(Enum):
    """What a true label tells that was not known."""

    NEW = auto()
    REPEATED = auto()
    CONTRADICTING = auto()


class Memory:
    """Remembers the labels that were given last."""

    def __init__(self, size: int) -> None:
        self._labels: OrderedDict[str, int] = OrderedDict()
        self._size = size

    def remember(self, identity: str, label: int) -> Novelty:
        """Remember a prediction's true label, and forget the one that was given first if there are too many."""
        known = self._labels.get(identity)
        if known is not None:
            return Novelty.REPEATED if known == label else Novelty.CONTRADICTING
        self._labels[identity] = label
        if len(self._labels) > self._size:
            self._labels.popitem(last=False)
        return Novelty.NEW
