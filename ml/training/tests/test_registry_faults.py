"""mlflow_config.py when it is killed, and when the server is down, slow, or dies in the middle."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

import mlflow_config
from tests import server
from tests.samples import Samples
from tests.test_registry import record, release
from training import command
from training.folder import Model

# A server that fails has seconds to show it, not the client's 248 seconds.
SOON = 30


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts the command in a process of its own, and in milliseconds: a server has imported it already, and this file,
    by which the process is told what to run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow_config", __name__])
    return context


def _run(url: str, arguments: list[str]) -> None:
    command.end(mlflow_config.main(["--tracking", url, *arguments]))


@dataclass
class Fault:
    """What happens at a request: the client is killed, or the server dies."""

    at: int
    kill: bool
    victim: int = 0
    started: threading.Event = field(default_factory=threading.Event)

    def __call__(self, number: int) -> None:
        if number != self.at:
            return
        if self.kill:
            self.started.wait()
            os.kill(self.victim, signal.SIGKILL)
        raise server.GoneError


Step = Callable[[Samples, Model], list[str]]


def _register(_samples: Samples, model: Model) -> list[str]:
    return ["register", "--model", str(model.path.parent)]


def _bless(samples: Samples, model: Model) -> list[str]:
    return ["bless", "--sha256", model.sha256, "--record", str(record(samples.path, model))]


def _champion(samples: Samples, model: Model) -> list[str]:
    entry = {"version": "1", "sha256": model.sha256}
    return ["champion", "--release", str(release(samples.path, **{model.recipe.dataset: entry}))]


STEPS: list[Step] = [_register, _bless, _champion]


def _succeed(url: str, arguments: list[str]) -> None:
    assert mlflow_config.main(["--tracking", url, *arguments]) == 0


def _prepare(samples: Samples, url: str, name: str, steps: list[Step]) -> Model:
    """A model for which some steps are done."""
    model = samples.model(name, seed=1)
    for step in steps:
        _succeed(url, step(samples, model))
    return model


def _undisturbed(samples: Samples, url: str, number: int, name: str) -> tuple[dict[str, Any], int]:
    """The state after a step that nothing has disturbed, and how many requests it made."""
    model = _prepare(samples, url, name, STEPS[:number])
    proxy = server.Proxy(url)
    with proxy.serve() as through:
        _succeed(through, STEPS[number](samples, model))
    return server.state(url, model.recipe.dataset, model.sha256), proxy.count


NUMBERS = pytest.mark.parametrize("number", range(len(STEPS)), ids=["register", "bless", "champion"])


@NUMBERS
def test_killed_after_any_request_and_called_again(
    samples: Samples, tracking: str, processes: ForkServerContext, number: int
) -> None:
    """A client that is killed before a request leaves what one leaves that is killed after the request before."""
    wanted, requests = _undisturbed(samples, tracking, number, f"not-killed-{number}")
    for at in range(1, requests + 1):
        _interrupt_and_call_again(samples, tracking, processes, number, Fault(at, kill=True), wanted)


@NUMBERS
def test_server_dies_in_the_middle(samples: Samples, tracking: str, processes: ForkServerContext, number: int) -> None:
    """It has done what it was asked for, and the answer is lost."""
    wanted, requests = _undisturbed(samples, tracking, number, f"not-dead-{number}")
    for at in sorted({1, requests // 2, requests}):
        _interrupt_and_call_again(samples, tracking, processes, number, Fault(at, kill=False), wanted)


def _interrupt_and_call_again(
    samples: Samples, url: str, processes: ForkServerContext, number: int, fault: Fault, wanted: dict[str, Any]
) -> None:
    name = f"{'kill' if fault.kill else 'die'}-{number}-{fault.at}"
    model = _prepare(samples, url, name, STEPS[:number])
    arguments = STEPS[number](samples, model)
    _interrupt(url, arguments, fault, processes)
    _check_between(url, model)
    _succeed(url, arguments)
    assert server.state(url, name, model.sha256) == wanted, f"request {fault.at}"


def _interrupt(url: str, arguments: list[str], fault: Fault, processes: ForkServerContext) -> None:
    proxy = server.Proxy(url, after=fault)
    with proxy.serve() as through:
        process = processes.Process(target=_run, args=(through, arguments))
        process.start()
        fault.victim = process.pid or 0
        fault.started.set()
        process.join(SOON)
        assert process.exitcode == (-signal.SIGKILL if fault.kill else 1)
        assert proxy.dead


def _check_between(url: str, model: Model) -> None:
    """Whatever has an alias is complete: its run is finished, with all files."""
    now = server.state(url, model.recipe.dataset, model.sha256)
    if any(now["aliases"]):
        assert any('"FINISHED"' in text and "model/model.onnx" in text for (text,) in now["runs"])


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        (lambda: contextlib.nullcontext(f"http://127.0.0.1:{server.free_port()}"), "Connection refused"),
        (server.silent, "needed more than 1 seconds: it is too slow; call again"),
        (server.dripping, "needed more than 1 seconds: it is too slow; call again"),
    ],
    ids=["down", "silent", "dripping"],
)
def test_server_that_does_not_answer(
    samples: Samples,
    capsys: pytest.CaptureFixture[str],
    broken: Callable[[], contextlib.AbstractContextManager[str]],
    wanted: str,
) -> None:
    model = samples.model("unanswered")
    with broken() as url:
        for step in STEPS:
            assert wanted in _unanswered(capsys, url, 1, step(samples, model))


def test_request_that_is_not_answered(
    samples: Samples, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has 10 seconds, and here one, for nobody learns more by waiting."""
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "10"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with server.silent() as url:
        error = _unanswered(capsys, url, 60, _register(samples, samples.model("unanswered")))
    assert "Read timed out. (read timeout=1)" in error


def _unanswered(capsys: pytest.CaptureFixture[str], url: str, timeout: int, arguments: list[str]) -> str:
    """The error, which comes soon."""
    start = time.monotonic()
    assert mlflow_config.main(["--tracking", url, "--timeout", str(timeout), *arguments]) == 1
    assert time.monotonic() - start < SOON
    error = capsys.readouterr().err
    assert error.startswith(f"mlflow_config: the MLflow server {url}")
    assert error.count("\n") == 1
    return error


def test_process_ends_while_a_download_drips(
    samples: Samples, tracking: str, tmp_path: Path, processes: ForkServerContext
) -> None:
    """A download has threads of its own, which wait for the server longer than we do."""
    model = _prepare(samples, tracking, "dripped", [_register])
    slow = threading.Event()
    proxy = server.Proxy(tracking, before=lambda number: (slow.wait(30), None)[1] if number > 2 else None)
    arguments = ["--timeout", "2", "fetch", "--sha256", model.sha256, "--output", str(tmp_path / "out")]
    with proxy.serve() as through:
        process = processes.Process(target=_run, args=(through, arguments))
        process.start()
        start = time.monotonic()
        process.join(SOON)
        slow.set()
        assert process.exitcode == 1
        assert time.monotonic() - start < 10
    assert list((tmp_path / "out").iterdir()) == []


def test_deleted_experiment(samples: Samples, tracking: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = samples.model("deleted")
    client = MlflowClient(tracking)
    client.delete_experiment(client.create_experiment("deleted"))
    assert mlflow_config.main(["--tracking", tracking, *_register(samples, model)]) == 1
    assert "the experiment deleted was deleted at the server: restore it" in capsys.readouterr().err
