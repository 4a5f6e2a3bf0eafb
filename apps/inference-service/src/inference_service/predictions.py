"""POST /v1/predictions: the hot route.

A plain ASGI application, because what FastAPI does for a route takes several times as long as a prediction. The types
below both check a body and describe it in the OpenAPI document.
"""

import asyncio
import logging
import re
import time
from http import HTTPStatus
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from inference_service.experiment import WELL_FORMED_KEY
from inference_service.model import Floats
from inference_service.problem import Problem
from inference_service.service import Choice, Service
from inference_service.settings import Variant

_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_INSTANCES = 1000
BODY_SECONDS = 5.0

_PLACE = re.compile(r" - at `\$(.*)`$")


class PredictionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of features, in the order of the model's signature."""

    instances: Annotated[list[list[float]], Meta(min_length=1, max_length=MAX_INSTANCES)]


class ModelIdentity(msgspec.Struct):
    """Which model answered."""

    name: str
    version: str
    sha256: str


class Prediction(msgspec.Struct):
    """What a row is. The id is for its feedback."""

    id: str
    label: str
    probabilities: dict[str, float]


class PredictionAnswer(msgspec.Struct):
    """A prediction for each instance. The assignment says whether an experiment's key chose the variant."""

    model: ModelIdentity
    variant: Variant
    assignment: str
    predictions: list[Prediction]


_decode = msgspec.json.Decoder(PredictionRequest).decode
_encode = msgspec.json.Encoder().encode


class Predictions:
    """Answers prediction requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises Problem."""
        headers = dict(scope["headers"])
        key = _experiment_key(headers)
        body = await read_body(headers, receive)
        answer = self._answer(body, key)
        length = str(len(answer)).encode()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", length)],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, body: bytes, key: str | None) -> bytes:
        begin = time.perf_counter()
        service = self._service
        features = parse(body, service.champion.model.width)
        choice = service.choose(key)
        served = choice.served
        try:
            labels, probabilities, confidences = served.model.predict(features)
        except Exception:
            if served is service.champion:
                raise
            # A client shall not suffer from being in an experiment.
            _log.exception("The challenger failed, and the champion answers")
            served.counts.failures.own[0] += 1
            served, choice = service.champion, Choice(service.champion, "challenger-failed")
            labels, probabilities, confidences = served.model.predict(features)
        places = labels.tolist()
        classes = served.model.classes
        ids = service.ids.seal(served.variant, served.short_digest, choice.unit, places)
        predictions = [
            {"id": identity, "label": classes[place], "probabilities": dict(zip(classes, row, strict=True))}
            for identity, place, row in zip(ids, places, probabilities.tolist(), strict=True)
        ]
        answer = _encode(
            {
                "model": served.identity,
                "variant": served.variant,
                "assignment": choice.assignment,
                "predictions": predictions,
            }
        )
        served.counts.predicted(features, labels, confidences, time.perf_counter() - begin)
        if service.shadow is not None:
            service.shadow.compare(features, labels)
        return answer


def parse(body: bytes, width: int) -> Floats:
    """Read a body as float32 rows [N, WIDTH]; raises Problem, which points to the offending place."""
    try:
        rows = _decode(body)
    except msgspec.ValidationError as error:
        raise _wrong_shape(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed-json", "The body is not well-formed JSON.") from None
    for number, row in enumerate(rows.instances):
        if len(row) != width:
            detail = f"The model takes {width} numbers a row; this one has {len(row)}."
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong-shape", detail, f"/instances/{number}")
    features = np.array(rows.instances, np.float32)
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        detail = "Every value must be a finite number that fits into a float32."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong-shape", detail, f"/instances/{row}/{column}")
    return features


def _wrong_shape(message: str) -> Problem:
    """Put what msgspec says into the gateway's words: without anything of the body, and with a JSON pointer."""
    place = _PLACE.search(message)
    pointer = place[1].replace(".", "/").replace("[", "/").replace("]", "") if place else ""
    detail = _PLACE.sub("", message) + "."
    if "unknown field" in message:
        detail = 'The body must have no member but "instances".'
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong-shape", detail, pointer)


def _experiment_key(headers: dict[bytes, bytes]) -> str | None:
    key = headers.get(b"x-experiment-key")
    if key is None:
        return None
    if not WELL_FORMED_KEY.fullmatch(key):
        detail = "The header X-Experiment-Key must be 1 to 64 letters, digits, underscores or hyphens."
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid-experiment-key", detail)
    return key.decode()


async def read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """Read a body of JSON, neither larger nor slower than allowed; raises Problem."""
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Send application/json.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", "Send the body uncompressed.")
    # Whether the length is a number, and the body as long, the HTTP parser has seen to.
    if int(headers.get(b"content-length", b"0")) > MAX_BODY_BYTES:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message["body"]
    else:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _rest(message, receive)
        except TimeoutError:
            detail = f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", detail) from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


async def _rest(message: Message, receive: Receive) -> bytes:
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message["body"]
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()


def _too_large() -> Problem:
    detail = f"The body must be {MAX_BODY_BYTES} bytes or smaller."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)
