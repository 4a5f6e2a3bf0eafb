"""Everything around the hot route."""

import ast
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import inference_service
from inference_service.board import Board, BoardFullError
from tests import making
from tests.running import Running, running

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_is_ready(service: Running) -> None:
    """As the gateway says it."""
    assert service.get("/health/live").json() == {"status": "UP"}
    assert service.get("/health/ready").json() == {"status": "UP"}


def test_shows_the_model(service: Running, iris: bytes) -> None:
    """With its card, which says what it is for."""
    document = service.get("/v1/model").json()

    champion = document["champion"]
    assert champion["sha256"] == making.sha256(iris)
    assert champion["signature"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert champion["signature"]["inputs"][0] == {"name": "sepal length (cm)", "type": "float32"}
    assert champion["card"]["class_mix"] == {"setosa": 50, "versicolor": 50, "virginica": 50}
    assert champion["recipe"]["estimator"] == "logistic-regression"
    assert document["challenger"] is None
    assert document["experiment"]["mode"] == "off"


def test_describes_itself(service: Running) -> None:
    """The hot route too, though FastAPI does not know it."""
    document = service.get("/openapi.json").json()

    assert set(document["paths"]) >= {"/v1/predictions", "/v1/feedback", "/v1/model", "/health/ready", "/metrics"}
    body = document["paths"]["/v1/predictions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert schema["properties"]["instances"]["maxItems"] == 1000
    assert schema["additionalProperties"] is False


def test_there_is_no_such_path(service: Running) -> None:
    """Says so as a problem."""
    service.get("/nope").problem(404, None)
    service.post("/v1/model", {}).problem(405, None)


@pytest.mark.parametrize("sent", ["order-4711.abc", "A" * 64])
def test_takes_over_a_request_id(service: Running, sent: str) -> None:
    """Returns it and logs it, with the trace."""
    answer = service.predict(X_Request_Id=sent, traceparent=TRACE)

    assert answer.headers["x-request-id"] == sent
    line = _access_line(service, sent)
    assert line["http"]["request"]["method"] == "POST"
    assert line["http"]["response"]["status_code"] == 200
    assert line["url"]["path"] == "/v1/predictions"
    assert line["event"]["duration"] > 0
    assert line["trace"]["id"] == TRACE.split("-")[1]


@pytest.mark.parametrize("sent", ["short", "white space", '{"json":1}', "A" * 65])
def test_replaces_another_request_id(service: Running, sent: str) -> None:
    """What goes into logs must not be able to break them."""
    returned = service.predict(X_Request_Id=sent).headers["x-request-id"]

    assert returned != sent
    assert len(returned) == 36


def test_logs_no_query_no_probe_and_no_forged_trace(service: Running) -> None:
    """Callers put secrets into queries, and probes come every few seconds."""
    answer = service.request("GET", "/v1/model?token=hunter2", traceparent="00-forged-01")
    service.get("/metrics")

    assert "trace" not in _access_line(service, answer.headers["x-request-id"])
    text = service.log.read_text()
    assert "hunter2" not in text
    assert "/health/" not in text
    assert "/metrics" not in text


def test_ends_without_losing_a_request(iris: bytes, tmp_path: Path) -> None:
    """Answers what it has begun, and then no more."""
    with running(tmp_path, making.lay(tmp_path, "champion", iris)) as service:
        statuses: list[int] = []

        def ask() -> None:
            while True:
                try:
                    statuses.append(service.predict({"instances": [[5.1, 3.5, 1.4, 0.2]] * 1000}).status)
                except ConnectionError:
                    return

        client = threading.Thread(target=ask)
        client.start()
        time.sleep(0.5)
        code = service.stop()
        client.join(10)

        assert set(statuses) == {200}
        assert code in (0, -signal.SIGTERM)
        assert not [line for line in service.lines() if line["log"]["level"] == "ERROR"]


def test_several_workers_count_together(iris: bytes, tmp_path: Path) -> None:
    """Whichever of them a scrape reaches."""
    with running(tmp_path, making.lay(tmp_path, "champion", iris), "--workers", "2") as service:
        for _ in range(40):
            assert service.predict().status == 200
        time.sleep(1.5)  # a worker counts what waits every second

        for _ in range(10):
            assert service.sample("iris_predictions_total", class_="setosa") == 40
            assert service.sample("iris_prediction_latency_seconds_count") == 40
        assert service.stop() == 0


def test_ends_when_a_worker_ends(iris: bytes, tmp_path: Path) -> None:
    """So that whoever started it starts it anew, with all of its workers."""
    with running(tmp_path, making.lay(tmp_path, "champion", iris), "--workers", "2") as service:
        children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)

        assert service.process.wait(timeout=30) == 1
        assert not Path(f"/proc/{children[1]}").exists()


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"MODEL_SHA256": "abc"}, "MODEL_SHA256 must be 64 lower-case hexadecimal digits, not 'abc'"),
        ({"MODEL_VERSION": "v7"}, "MODEL_VERSION must be a number, not 'v7'"),
        ({"MODEL_VERSION": "-1"}, "MODEL_VERSION must be 0 or more, not -1"),
        ({"MODEL_BLESSING": "maybe"}, "MODEL_BLESSING must be required or none, not 'maybe'"),
        ({"EXPERIMENT_MODE": "on"}, "EXPERIMENT_MODE must be off or ab or shadow, not 'on'"),
        ({"EXPERIMENT_MODE": "shadow"}, "CHALLENGER_SHA256 is not set"),
        ({"EXPERIMENT_MODE": "ab", "EXPERIMENT_SHARE": "0.1"}, "EXPERIMENT_SALT is not set"),
        ({"EXPERIMENT_MODE": "ab", "EXPERIMENT_SALT": "s", "EXPERIMENT_SHARE": "1.1"}, "EXPERIMENT_SHARE must be 0.0 or more"),
        ({"EXPERIMENT_MODE": "ab", "EXPERIMENT_SALT": "s", "EXPERIMENT_SHARE": "nan"}, "EXPERIMENT_SHARE must be 0.0 or more"),
        (
            {"EXPERIMENT_MODE": "ab", "EXPERIMENT_SALT": "two words", "EXPERIMENT_SHARE": "0.1"},
            "EXPERIMENT_SALT must be 1 to 64",
        ),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY must be 1 or more"),
        ({"DRIFT_MINIMUM": "few"}, "DRIFT_MINIMUM must be a number, not 'few'"),
        ({"FEEDBACK_KEY_FILE": "/nowhere"}, "FEEDBACK_KEY_FILE: "),
    ],
)
def test_does_not_start_with_a_wrong_setting(tmp_path: Path, environment: dict[str, str], reason: str) -> None:
    """Names the variable and what is wrong with it."""
    with pytest.raises(AssertionError) as failure, running(tmp_path, "0" * 64, **environment):
        pass

    assert f"inference_service: {reason}" in str(failure.value)


def test_a_failure_is_a_problem(iris: bytes, tmp_path: Path) -> None:
    """The log says what happened, the answer only that something did."""
    with running(tmp_path, making.lay(tmp_path, "champion", making.failing(iris))) as service:
        problem = service.predict(X_Request_Id="order-4711").problem(500, None)

        assert problem["detail"] == "The service failed. Report the request id."
        [line] = [line for line in service.lines() if line["log"]["level"] == "ERROR"]
        assert line["http"]["request"]["id"] == "order-4711"
        assert "a probability that is no number" in line["error"]["stack_trace"]
        assert service.predict({"instances": [[0, 0, 0, 0]]}).status == 200


def test_there_is_a_limit_to_what_is_counted() -> None:
    """A model with more than there is room for is refused when it is loaded."""
    desk = Board(1).desk(0)
    desk.cells(2**17)

    with pytest.raises(BoardFullError, match="more than 131072 bins"):
        desk.cells(1)


def test_never_unpickles() -> None:
    """A pickle runs whatever it says."""
    forbidden = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    files = sorted(Path(inference_service.__file__).parent.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert not {each.name.split(".")[0] for each in node.names} & forbidden, file
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in forbidden, file
            elif isinstance(node, ast.Attribute):
                assert node.attr != "allow_pickle", file
            elif isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", file


def _access_line(service: Running, identity: str) -> dict[str, Any]:
    """Find a request's line, which is written after its answer."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for text in service.log.read_text().splitlines():
            line: dict[str, Any] = json.loads(text)
            if line["log"]["logger"] == "access" and line["http"]["request"]["id"] == identity:
                return line
        time.sleep(0.02)
    raise AssertionError(f"no line of {identity}")
