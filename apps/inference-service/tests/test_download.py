"""The init container, against real servers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import making, servers
from tests.servers import Behaviour, Handler, content, serving

BODY = b"a model" * 1000
DIGEST = making.sha256(BODY)


def _start(root: Path, uri: str, **environment: str) -> subprocess.Popen[str]:
    settings = {
        "MODEL_DIR": str(root),
        "MODEL_URI": uri,
        "MODEL_SHA256": DIGEST,
        "MODEL_HOSTS": "127.0.0.1",
        "MODEL_ALLOW_HTTP": "true",
        "NO_PROXY": "*",
    }
    command = [sys.executable, "-m", "inference_service", "download"]
    # Proxies are for the world outside; these servers are on loopback.
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.Popen(
        command, env=inherited | settings | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _download(root: Path, uri: str, **environment: str) -> tuple[int, str]:
    process = _start(root, uri, **environment)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def _left(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_fetches_a_model_once(tmp_path: Path) -> None:
    """What is there already is not fetched again."""
    with serving(content(BODY)) as server:
        code, output = _download(tmp_path, f"{server.url}/models/model.onnx")
        assert code == 0, output
        assert (tmp_path / "champion/model.onnx").read_bytes() == BODY
        assert f"champion/model.onnx from {server.url}/models/model.onnx: {len(BODY)} bytes, SHA-256 {DIGEST}" in output

        code, output = _download(tmp_path, f"{server.url}/models/model.onnx")
        assert code == 0, output
        assert f"champion/model.onnx is there already, SHA-256 {DIGEST}" in output
        assert len(server.requests) == 1


def test_fetches_records_and_the_challenger_too(tmp_path: Path) -> None:
    """Each from its own address, by its own digest."""

    def answer(handler: Handler) -> None:
        content(handler.path.encode())(handler)

    with serving(answer) as server:
        environment = {}
        for prefix in ("MODEL", "MODEL_RECORD", "CHALLENGER", "CHALLENGER_RECORD"):
            environment[f"{prefix}_URI"] = f"{server.url}/{prefix}"
            environment[f"{prefix}_SHA256"] = making.sha256(f"/{prefix}".encode())
        code, output = _download(tmp_path, environment.pop("MODEL_URI"), **environment)

    assert code == 0, output
    assert _left(tmp_path) == [
        "challenger/model.onnx",
        "challenger/record.json",
        "champion/model.onnx",
        "champion/record.json",
    ]
    assert (tmp_path / "challenger/record.json").read_text() == "/CHALLENGER_RECORD"


def test_replaces_a_damaged_file(tmp_path: Path) -> None:
    """And one that is left of a killed run."""
    (tmp_path / "champion").mkdir()
    (tmp_path / "champion/model.onnx").write_bytes(BODY[:-1])
    (tmp_path / "champion/.model.onnx.unfinished").write_bytes(b"half")

    with serving(content(BODY)) as server:
        assert _download(tmp_path, server.url)[0] == 0
    assert (tmp_path / "champion/model.onnx").read_bytes() == BODY
    assert _left(tmp_path) == ["champion/model.onnx"]


def _drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def _drip_headers(handler: Handler) -> None:
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def _silence(handler: Handler) -> None:
    time.sleep(20)


def _hang_up(handler: Handler) -> None:
    handler.close_connection = True


def _endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 1024 * 1024)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (content(BODY[:-1] + b"x"), "it has SHA-256 "),
        (content(b""), "it has SHA-256 "),
        (content(b"secret of the server", 404), "the server answered 404"),
        (content(b"secret of the server", 403), "the server answered 403"),
        (content(b"secret of the server", 500), "the server answered 500"),
        (content(BODY, 206), "the server answered 206"),
        (servers.promised(len(BODY) + 1, BODY), f"it broke off after {len(BODY)} of {len(BODY) + 1} bytes"),
        (servers.promised(10**10, b""), "it is 10000000000 bytes large, and 536870912 are allowed"),
        (servers.redirect("http://localhost:1/model.onnx"), "it is redirected to another server, http://localhost"),
        (servers.redirect("https://127.0.0.1/model.onnx"), "it is redirected to another server, https://127.0.0.1"),
        (servers.redirect("file:///etc/passwd"), "302"),
        (servers.redirect("/again"), "302"),
        (_hang_up, "Remote end closed connection without response"),
        (_silence, "it took longer than MODEL_TIMEOUT_SECONDS allows"),
        (_drip, "it took longer than MODEL_TIMEOUT_SECONDS allows"),
        (_drip_headers, "it took longer than MODEL_TIMEOUT_SECONDS allows"),
    ],
)
def test_leaves_nothing_of_a_bad_answer(tmp_path: Path, behaviour: Behaviour, reason: str) -> None:
    """Says why, on one line, and repeats no secret."""
    timeout = "2" if "MODEL_TIMEOUT_SECONDS" in reason else "60"
    with serving(behaviour) as server:
        code, output = _download(tmp_path, f"{server.url}/model.onnx?sig=hunter2", MODEL_TIMEOUT_SECONDS=timeout)

    assert code == 1
    assert output.startswith("inference_service: champion/model.onnx from http://127.0.0.1:")
    assert reason in output
    assert output.count("\n") == 1
    assert "hunter2" not in output
    assert "secret" not in output
    assert _left(tmp_path) == []


def test_does_not_read_more_than_is_allowed(tmp_path: Path) -> None:
    """Of a body whose length nobody said; the limit of a record is the smaller one."""
    with serving(_endless) as endless, serving(content(BODY)) as server:
        record = {"MODEL_RECORD_URI": endless.url, "MODEL_RECORD_SHA256": DIGEST}
        code, output = _download(tmp_path, server.url, **record)

    assert code == 1
    assert "champion/record.json" in output
    assert "it is larger than the 4194304 bytes that are allowed" in output
    assert _left(tmp_path) == ["champion/model.onnx"]


def test_follows_a_redirect_within_the_server(tmp_path: Path) -> None:
    """With its secrets, which are for this server."""

    def answer(handler: Handler) -> None:
        (content(BODY) if handler.path == "/there" else servers.redirect("/there"))(handler)

    token = tmp_path / "token"
    token.write_text("hunter2\n")
    root = tmp_path / "models"
    root.mkdir()
    with serving(answer) as server:
        code, output = _download(root, f"{server.url}/here", MODEL_TOKEN_FILE=str(token))

    assert code == 0, output
    assert [(path, headers["authorization"]) for path, headers in server.requests] == [
        ("/here", "Bearer hunter2"),
        ("/there", "Bearer hunter2"),
    ]
    assert "hunter2" not in output


@pytest.mark.parametrize("text", ["?sv=2021&sig=hunter2", "sv=2021&sig=hunter2\n"])
def test_sends_a_sas_that_it_does_not_print(tmp_path: Path, text: str) -> None:
    """With or without the question mark that people copy along."""
    sas = tmp_path / "sas"
    sas.write_text(text)
    root = tmp_path / "models"
    root.mkdir()
    with serving(content(BODY)) as server:
        code, output = _download(root, f"{server.url}/model.onnx", MODEL_SAS_FILE=str(sas))

    assert code == 0, output
    assert server.requests[0][0] == "/model.onnx?sv=2021&sig=hunter2"
    assert "hunter2" not in output


@pytest.mark.parametrize(
    ("uri", "environment", "reason"),
    [
        (
            "http://127.0.0.1/m",
            {"MODEL_ALLOW_HTTP": "false"},
            "is not https; plain http, for Azurite, needs MODEL_ALLOW_HTTP=true",
        ),
        ("ftp://127.0.0.1/m", {}, "is not https"),
        ("file:///etc/passwd", {}, "is not https"),
        ("https://elsewhere.example/m", {}, "is at a host that MODEL_HOSTS does not name (127.0.0.1)"),
        ("https://127.0.0.1.elsewhere.example/m", {}, "is at a host that MODEL_HOSTS does not name"),
        ("https://127.0.0.1@elsewhere.example/m", {}, "has a user name in it"),
        ("https://127.0.0.1:port/m", {}, "its address cannot be read"),
        ("http://127.0.0.1:1/m", {}, "Connection refused"),
    ],
)
def test_refuses_an_address(tmp_path: Path, uri: str, environment: dict[str, str], reason: str) -> None:
    """Before anything is asked."""
    code, output = _download(tmp_path, uri, **environment)

    assert (code, reason in output) == (1, True), output
    assert _left(tmp_path) == []


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"MODEL_SHA256": "x"}, "MODEL_SHA256 must be 64 lower-case hexadecimal digits"),
        ({"MODEL_HOSTS": " , "}, "MODEL_HOSTS is not set"),
        ({"MODEL_ALLOW_HTTP": "yes"}, "MODEL_ALLOW_HTTP must be true or false, not 'yes'"),
        ({"MODEL_TIMEOUT_SECONDS": "0"}, "MODEL_TIMEOUT_SECONDS must be 0.1 or more"),
        ({"MODEL_TOKEN_FILE": "/nowhere"}, "MODEL_TOKEN_FILE: "),
        ({"MODEL_RECORD_URI": "https://127.0.0.1/record.json"}, "MODEL_RECORD_SHA256 is not set"),
    ],
)
def test_does_not_start_with_a_wrong_setting(tmp_path: Path, environment: dict[str, str], reason: str) -> None:
    """Names the variable and what is wrong with it."""
    code, output = _download(tmp_path, "https://127.0.0.1/m", **environment)

    assert (code, output.startswith(f"inference_service: {reason}")) == (2, True), output


def test_trusts_only_certificates_that_it_should(tmp_path: Path) -> None:
    """One that is not trusted is refused; one that is, and is for this host, is not."""
    certificate = servers.certificate(tmp_path)
    root = tmp_path / "models"
    root.mkdir()
    with serving(content(BODY), certificate) as server:
        code, output = _download(root, server.url, MODEL_ALLOW_HTTP="false")
        assert (code, "certificate verify failed" in output) == (1, True), output

        code, output = _download(root, server.url, MODEL_ALLOW_HTTP="false", SSL_CERT_FILE=str(certificate))
        assert code == 0, output

    other = servers.certificate(tmp_path, "127.0.0.2")
    (root / "champion/model.onnx").unlink()
    with serving(content(BODY), other) as server:
        code, output = _download(root, server.url, SSL_CERT_FILE=str(other))
        assert (code, "IP address mismatch" in output) == (1, True), output


def test_writes_through_no_link(tmp_path: Path) -> None:
    """A link in the place of a file is replaced, one in the place of a folder refused."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    root = tmp_path / "models"
    (root / "champion").mkdir(parents=True)
    (root / "champion/model.onnx").symlink_to(outside)
    (root / "champion/.model.onnx.unfinished").symlink_to(outside)
    with serving(content(BODY)) as server:
        code, output = _download(root, server.url)
        assert code == 0, output
    assert outside.read_bytes() == b"precious"
    assert not (root / "champion/model.onnx").is_symlink()

    (root / "champion").rename(tmp_path / "elsewhere")
    (root / "champion").symlink_to(tmp_path / "elsewhere")
    with serving(content(BODY + b"x")) as server:
        code, output = _download(root, server.url, MODEL_SHA256=making.sha256(BODY + b"x"))
        assert (code, "Not a directory" in output) == (1, True), output
    assert (tmp_path / "elsewhere/model.onnx").read_bytes() == BODY


def test_a_killed_download_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    """And the next one ends what it began."""
    process: list[subprocess.Popen[str]] = []

    def answer(handler: Handler) -> None:
        if len(server.requests) > 1:
            content(BODY)(handler)
            return
        servers.promised(len(BODY), BODY[:-1])(handler)
        handler.wfile.flush()
        time.sleep(0.3)
        process[0].send_signal(signal.SIGKILL)

    with serving(answer) as server:
        process.append(_start(tmp_path, server.url))
        process[0].communicate(timeout=30)
        assert process[0].returncode == -signal.SIGKILL
        assert _left(tmp_path) in ([], ["champion/.model.onnx.unfinished"])

        code, output = _download(tmp_path, server.url)
        assert code == 0, output
    assert _left(tmp_path) == ["champion/model.onnx"]
