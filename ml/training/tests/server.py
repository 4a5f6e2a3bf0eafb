"""A real MLflow server, and a proxy before it that can fail at any request."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

# How often a server looks whether it is to end, in seconds.
POLL = 0.02


@contextmanager
def mlflow(folder: Path) -> Iterator[str]:
    """Runs mlflow server on SQLite in a folder. Gives its URL when its API answers."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "art")]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | environment, cwd=folder, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits for the API: /health is well while clients still get errors.

    It may take ten minutes: 14 s of processor time were measured, and beside other tests there is little of that.
    """
    request = f"{url}/api/2.0/mlflow/registered-models/search"
    for _ in range(3000):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 (it is http)
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"mlflow server does not answer: {log.read_text()}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What happens at a request, which is given by its number.
Trigger = Callable[[int], None]


@dataclass
class Proxy:
    """Hands on requests, and calls before and after each with its number, from 1. A trigger may raise GoneError: then
    the connection is cut, and the server is dead from there on."""

    target: str
    before: Trigger = lambda _: None
    after: Trigger = lambda _: None
    count: int = 0
    dead: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serves on loopback and gives the URL."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[Any], bytes]:
        """Hands on one request, one at a time, so that its number is the same in each run."""
        with self.lock:
            if self.dead:
                raise GoneError
            self.count += 1
            try:
                self.before(self.count)
                connection = http.client.HTTPConnection(self.target.removeprefix("http://"), timeout=30)
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                self.after(self.count)
            except GoneError:
                self.dead = True
                raise
            return answer.status, answer.getheaders(), content


class GoneError(Exception):
    """The server, or the client, is no more."""


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key: value for key, value in self.headers.items() if key != "Host"}
            try:
                status, answer, content = proxy.forward(self.command, self.path, headers, body)
                self.send_response(status)
                for key, value in answer:
                    if key.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (GoneError, BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 (names of the base class)

    return Handler


@contextmanager
def silent() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def dripping() -> Iterator[str]:
    """A server that answers one byte after the other, and is never done."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while not done.wait(0.2):
                    self.wfile.write(b" ")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        done.set()
        server.shutdown()
        server.server_close()


def state(url: str, name: str, sha256: str) -> dict[str, Any]:
    """Everything that the server knows of a registered model and its runs, without ids and times. name and sha256,
    which differ from test to test, are replaced."""
    client = MlflowClient(url)
    models = [model for model in client.search_registered_models() if model.name == name]
    versions = client.search_model_versions(f"name = '{name}'")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, f"tags.model_sha256 = '{sha256}'") if experiments else []
    value = {
        "aliases": [model.aliases for model in models],
        "versions": [
            (version.version, _hide(version.tags), any(run.info.run_id == version.run_id for run in runs))
            for version in versions
        ],
        "runs": sorted(_run(client, run) for run in runs),
    }
    text = json.dumps(value, sort_keys=True, default=str)
    return dict(json.loads(text.replace(sha256, "SHA256").replace(sha256[:12], "SHORT").replace(name, "NAME")))


def _run(client: MlflowClient, run: Any) -> list[Any]:
    number = run.info.run_id
    history = {key: len(client.get_metric_history(number, key)) for key in run.data.metrics}
    artefacts = [item.path for folder in ("", "model") for item in client.list_artifacts(number, folder)]
    inputs = [(entry.dataset.name, entry.tags[0].value) for entry in run.inputs.dataset_inputs]
    tags = _hide(run.data.tags)
    return [json.dumps([run.info.status, run.data.params, run.data.metrics, history, artefacts, inputs, tags])]


def _hide(tags: dict[str, str]) -> dict[str, str]:
    """Digests that differ from test to test."""
    return {key: "…" if key in ("data_sha256", "judgement", "record") else value for key, value in tags.items()}
