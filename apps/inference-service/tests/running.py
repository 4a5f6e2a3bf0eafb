"""The real service in a process of its own, and a client that talks to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

VALID = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
START_SECONDS = 30.0


@dataclass
class Answer:
    """What the service answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    def problem(self, status: int, kind: str | None) -> dict[str, Any]:
        """Check that the answer is this problem; returns it."""
        document: dict[str, Any] = self.json()
        assert (self.status, self.headers["content-type"]) == (status, "application/problem+json"), self
        assert document.get("type") == (f"urn:problem:inference-service:{kind}" if kind else None), document
        assert document["status"] == status
        assert document["requestId"] == self.headers["x-request-id"]
        return document


@dataclass
class Running:
    """A service that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    timeout: float = field(default=10.0)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a request; underscores in the names of headers are hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            pairs = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, pairs, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """Get a page."""
        return self.request("GET", path)

    def post(self, path: str, document: Any, **headers: str) -> Answer:
        """Post a document, or bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.request("POST", path, body, **({"Content_Type": "application/json"} | headers))

    def predict(self, document: Any = VALID, **headers: str) -> Answer:
        """Ask for predictions."""
        return self.post("/v1/predictions", document, **headers)

    def sample(self, name: str, **labels: str) -> float:
        """Scrape, and return the one sample that has these labels; underscores at their ends are for Python."""
        wanted = {label.rstrip("_"): value for label, value in labels.items()}
        found = [
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").body.decode())
            for sample in family.samples
            if sample.name == name and wanted.items() <= sample.labels.items()
        ]
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0]

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        """End the service as Kubernetes does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def running(root: Path, digest: str, *arguments: str, **environment: str) -> Iterator[Running]:
    """Run the service on the models in ROOT."""
    port = free_port()
    log = root / f"log-{port}.jsonl"
    settings = {"MODEL_DIR": str(root), "MODEL_SHA256": digest, "MODEL_NAME": "iris", "MODEL_VERSION": "7"}
    command = [sys.executable, "-m", "inference_service", "--host", "127.0.0.1", "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | settings | environment, stdout=output, stderr=subprocess.STDOUT)
    service = Running(port, process, log)
    try:
        _wait(service)
        yield service
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        finally:
            process.kill()


def _wait(service: Running) -> None:
    """Wait until the service answers whether it lives."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert service.process.poll() is None, service.log.read_text()
        try:
            if service.get("/health/live").status == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"it does not live: {service.log.read_text()}")


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
