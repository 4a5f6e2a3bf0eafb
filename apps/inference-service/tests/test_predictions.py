"""The hot route."""

import json
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.datasets import load_iris

from tests import making
from tests.running import VALID, Running


def test_answers_what_the_model_says(service: Running, iris: bytes) -> None:
    """Answers every row as ONNX Runtime does without a service around it."""
    rows = load_iris().data
    labels, probabilities = onnxruntime.InferenceSession(iris).run(None, {"features": rows.astype(np.float32)})
    names = ["setosa", "versicolor", "virginica"]

    answer = service.predict({"instances": rows.tolist()})

    assert answer.status == 200
    document = answer.json()
    assert document["model"] == {"name": "iris", "version": "7", "sha256": making.sha256(iris)}
    assert (document["variant"], document["assignment"]) == ("champion", "none")
    predictions = document["predictions"]
    assert [each["label"] for each in predictions] == [names[label] for label in labels]
    assert [list(each["probabilities"].values()) for each in predictions] == probabilities.tolist()
    assert list(predictions[0]["probabilities"]) == names
    assert len({each["id"] for each in predictions}) == len(rows)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"instances": []}, "/instances"),
        ({"instances": 1}, "/instances"),
        ({"instances": [[5.1, 3.5, 1.4, 0.2], 5]}, "/instances/1"),
        ({"instances": [[5.1, 3.5, 1.4]]}, "/instances/0"),
        ({"instances": [[5.1, 3.5, 1.4, 0.2], [5.1, 3.5, 1.4, 0.2, 1]]}, "/instances/1"),
        ({"instances": [[5.1, 3.5, 1.4, "0.2"]]}, "/instances/0/3"),
        ({"instances": [[5.1, 3.5, 1.4, None]]}, "/instances/0/3"),
        ({"instances": [[5.1, 3.5, 1.4, True]]}, "/instances/0/3"),
        ({"instances": [[5.1, 3.5, 1.4, 0.2], [5.1, -1e39, 1.4, 0.2]]}, "/instances/1/1"),
        ({"instances": [[5.1, 3.5, 1.4, 0.2]] * 1001}, "/instances"),
        ({"instances": [[5.1, 3.5, 1.4, 0.2]], "<script>": 1}, ""),
    ],
    ids=lambda value: str(value)[:60],
)
def test_refuses_another_shape(service: Running, body: Any, pointer: str) -> None:
    """Points to the offending place, and repeats nothing of the body."""
    problem = service.predict(body).problem(422, "wrong-shape")

    assert problem["pointer"] == f"#{pointer}"
    assert "script" not in json.dumps(problem)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"instances": [[NaN, 1, 1, 1]]}', b'{"instances": [[Infinity, 1, 1, 1]]}', b"\xff"]
)
def test_refuses_what_is_not_json(service: Running, body: bytes) -> None:
    """NaN is no JSON, and neither is an infinite number."""
    service.predict(body).problem(400, "malformed-json")


def test_refuses_a_number_that_is_too_large(service: Running) -> None:
    """A number beyond a double is no number either."""
    answer = service.predict(b'{"instances": [[1e999, 1, 1, 1]]}')

    assert answer.status in (400, 422), answer


def test_takes_a_thousand_rows(service: Running) -> None:
    """As many as the gateway lets through."""
    answer = service.predict({"instances": [[5.1, 3.5, 1.4, 0.2]] * 1000})

    assert len(answer.json()["predictions"]) == 1000


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"Content_Type": "text/plain"}, 415, "unsupported-media-type"),
        ({"Content_Encoding": "gzip"}, 415, "unsupported-content-encoding"),
        ({"X_Experiment_Key": "two words"}, 400, "invalid-experiment-key"),
        ({"X_Experiment_Key": "a" * 65}, 400, "invalid-experiment-key"),
    ],
)
def test_refuses_headers(service: Running, headers: dict[str, str], status: int, kind: str) -> None:
    """The same as the gateway refuses."""
    service.predict(**headers).problem(status, kind)


def test_takes_a_charset(service: Running) -> None:
    """As many clients send one."""
    assert service.predict(Content_Type="application/json; charset=utf-8").status == 200


def test_refuses_other_methods(service: Running) -> None:
    """Says which one it takes."""
    answer = service.get("/v1/predictions")

    answer.problem(405, None)
    assert answer.headers["allow"] == "POST"


def test_refuses_a_large_body(service: Running) -> None:
    """One that says so, before it is read, and one that comes in pieces and does not."""
    large = b'{"instances": [[' + b" " * 1024 * 1024 + b"1]]}"
    service.predict(large).problem(413, "body-too-large")

    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (large[:600_000], large[600_000:]))
    answer = _raw(service, b"Transfer-Encoding: chunked\r\n", pieces + b"0\r\n\r\n")
    assert b"413 Request Entity Too Large" in answer.splitlines()[0] or b" 413 " in answer.splitlines()[0]


def test_takes_a_body_in_pieces(service: Running) -> None:
    """Whatever the pieces."""
    body = json.dumps(VALID).encode()
    pieces = b"".join(b"1\r\n%s\r\n" % body[i : i + 1] for i in range(len(body)))

    answer = _raw(service, b"Transfer-Encoding: chunked\r\n", pieces + b"0\r\n\r\n")

    assert b" 200 " in answer.splitlines()[0]


def test_does_not_wait_for_a_slow_body(service: Running) -> None:
    """Answers others meanwhile, and ends it after five seconds."""
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_raw, service, b"Content-Length: 100\r\n", b"{", 10.0)
        begin = time.monotonic()
        assert service.predict().status == 200
        assert time.monotonic() - begin < 2
        assert b" 408 " in slow.result().splitlines()[0]


def test_survives_a_client_that_leaves(service: Running) -> None:
    """A client that hangs up in the middle of its body, even with a reset, leaves no error behind."""
    client = socket.create_connection(("127.0.0.1", service.port))
    client.sendall(_head(b"Content-Length: 100\r\n") + b"{")
    time.sleep(0.1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

    assert service.predict().status == 200
    assert not [line for line in service.lines() if line["log"]["level"] == "ERROR"]


def test_answers_many_at_once(service: Running) -> None:
    """Every client gets its own answer."""
    rows = load_iris().data.tolist()
    alone = [service.predict({"instances": [row]}).json()["predictions"][0]["probabilities"] for row in rows[:40]]
    barrier = threading.Barrier(8)

    def ask(offset: int) -> bool:
        barrier.wait()
        for i in range(offset, 40, 8):
            answer = service.predict({"instances": [rows[i]]}).json()
            if answer["predictions"][0]["probabilities"] != alone[i]:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def _head(headers: bytes) -> bytes:
    return b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + b"\r\n"


def _raw(service: Running, headers: bytes, body: bytes, timeout: float = 5.0) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=timeout) as client:
        client.sendall(_head(headers) + body)
        return client.recv(65536)
