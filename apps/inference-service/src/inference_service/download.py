"""The init container: fetches what the environment names, and leaves nothing that is not what its digest says.

MODEL_URI and MODEL_SHA256 name the model, MODEL_RECORD_URI and MODEL_RECORD_SHA256 the record of its blessing,
CHALLENGER_URI and so on the challenger's, and MODEL_HOSTS the hosts that they may come from. A SAS token may be in the
URI or in the file that MODEL_SAS_FILE names, a bearer token in the one that MODEL_TOKEN_FILE names; neither is printed.
"""

import hashlib
import http.client
import signal
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, BinaryIO, cast, override
from urllib.parse import SplitResult, urlsplit

from inference_service.files import Folder
from inference_service.limits import MAX_MODEL_BYTES, MAX_RECORD_BYTES
from inference_service.settings import PREFIX, Environment, SettingError, Variant, model_dir, number, secret, sha256, switch

_CHUNK_BYTES = 1024 * 1024
_SOCKET_SECONDS = 10.0


class DownloadError(Exception):
    """A file that could not be fetched, or is not the one that was meant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, where it is to lie and what it must be."""

    variant: Variant
    name: str
    uri: str
    sha256: str
    limit: int

    def __str__(self) -> str:
        """Where it is to lie, and where from: without the query, in which a secret may be."""
        return f"{self.variant}/{self.name} from {_shown(self.uri)}"


@dataclass(frozen=True, slots=True)
class Access:
    """Where files may come from, and the secrets that open it."""

    hosts: frozenset[str]
    schemes: frozenset[str]
    bearer: str | None
    sas: str | None

    def check(self, uri: str) -> None:
        """Refuse an address that is not allowed; raises DownloadError."""
        parts = _split(uri)
        if parts.scheme not in self.schemes:
            raise DownloadError(f"{_shown(uri)} is not https; plain http, for Azurite, needs MODEL_ALLOW_HTTP=true")
        if parts.username is not None or parts.password is not None:
            raise DownloadError(f"{_shown(uri)} has a user name in it")
        if parts.hostname not in self.hosts:
            raise DownloadError(f"{_shown(uri)} is at a host that MODEL_HOSTS does not name ({', '.join(sorted(self.hosts))})")


def run(environment: Environment) -> int:
    """Fetch everything that is not there yet; returns the exit code."""
    wanted = list(_wanted(environment))
    access = _access(environment)
    seconds = number(environment, "MODEL_TIMEOUT_SECONDS", float, 120.0, lowest=0.1)
    signal.signal(signal.SIGALRM, _too_long)
    try:
        for file in wanted:
            # An alarm, because a server that sends a byte now and then escapes every time-out of a socket.
            signal.setitimer(signal.ITIMER_REAL, seconds)
            print(f"inference_service: {_fetch(model_dir(environment), file, access)}", flush=True)
            signal.setitimer(signal.ITIMER_REAL, 0)
    except (DownloadError, OSError, http.client.HTTPException) as error:
        print(f"inference_service: {file}: {_reason(error)}", file=sys.stderr)
        return 1
    return 0


def _wanted(environment: Environment) -> Iterator[Wanted]:
    """The files that the environment names; raises SettingError when it names none."""
    if "MODEL_URI" not in environment:
        raise SettingError("MODEL_URI is not set: it says where the model is")
    for variant, prefix in PREFIX.items():
        for name, what, limit in (("model.onnx", "", MAX_MODEL_BYTES), ("record.json", "RECORD_", MAX_RECORD_BYTES)):
            uri = environment.get(f"{prefix}_{what}URI")
            if uri is not None:
                yield Wanted(variant, name, uri, sha256(environment, f"{prefix}_{what}SHA256"), limit)


def _access(environment: Environment) -> Access:
    hosts = frozenset(host.strip().lower() for host in environment.get("MODEL_HOSTS", "").split(",") if host.strip())
    if not hosts:
        raise SettingError("MODEL_HOSTS is not set: it names the hosts that models may come from, with commas between")
    schemes = {"https", "http"} if switch(environment, "MODEL_ALLOW_HTTP") else {"https"}
    bearer, sas = secret(environment, "MODEL_TOKEN_FILE"), secret(environment, "MODEL_SAS_FILE")
    return Access(hosts, frozenset(schemes), bearer, sas.removeprefix("?") if sas else None)


def _fetch(root: Path, file: Wanted, access: Access) -> str:
    """Make sure that a file is there; returns what was done."""
    with Folder(root, file.variant, create=True) as folder:
        if _is_there(folder, file):
            return f"{file.variant}/{file.name} is there already, SHA-256 {file.sha256}"
        with _opened(file, access) as answer, folder.replace(file.name) as target:
            size = _copy(answer, target, file)
    return f"{file}: {size} bytes, SHA-256 {file.sha256}"


def _is_there(folder: Folder, file: Wanted) -> bool:
    """Whatever cannot be read or is another file is fetched again, and replaced."""
    try:
        return hashlib.sha256(folder.read(file.name, file.limit)).hexdigest() == file.sha256
    except OSError:
        return False


def _opened(file: Wanted, access: Access) -> http.client.HTTPResponse:
    access.check(file.uri)
    uri = file.uri
    if access.sas is not None:
        uri += ("&" if urlsplit(uri).query else "?") + access.sas
    headers = {"Accept-Encoding": "identity", "User-Agent": "esteira-inference-service"}
    if access.bearer is not None:
        # Without a version Azure takes a request with a bearer token for one of before there were such.
        headers |= {"Authorization": f"Bearer {access.bearer}", "x-ms-version": "2021-12-02"}
    opener = urllib.request.OpenerDirector()
    context = ssl.create_default_context()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameHost(access),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(uri, headers=headers)  # noqa: S310 - its scheme has been checked
    return cast(http.client.HTTPResponse, opener.open(request, timeout=_SOCKET_SECONDS))


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects within a host only: secrets and trust are for that host."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @override
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        here, there = _split(req.full_url), _split(newurl)
        if (here.scheme, here.hostname, here.port) != (there.scheme, there.hostname, there.port):
            raise DownloadError(
                f"it is redirected to another server, {there.scheme}://{there.hostname}, and that is not followed"
            )
        self._access.check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _copy(answer: http.client.HTTPResponse, target: BinaryIO, file: Wanted) -> int:
    """Copy an answer's body and check it; returns its size."""
    if answer.status != http.HTTPStatus.OK:
        raise DownloadError(f"the server answered {answer.status}")
    if answer.length is not None and answer.length > file.limit:
        raise DownloadError(f"it is {answer.length} bytes large, and {file.limit} are allowed")
    promised, size, digest = answer.length, 0, hashlib.sha256()
    while chunk := answer.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > file.limit:
            raise DownloadError(f"it is larger than the {file.limit} bytes that are allowed")
        digest.update(chunk)
        target.write(chunk)
    if promised is not None and size != promised:
        raise DownloadError(f"it broke off after {size} of {promised} bytes")
    if digest.hexdigest() != file.sha256:
        raise DownloadError(f"it has SHA-256 {digest.hexdigest()}, not {file.sha256}")
    return size


def _too_long(_: int, __: FrameType | None) -> None:
    raise DownloadError("it took longer than MODEL_TIMEOUT_SECONDS allows")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        # Body and reason are the server's own text, and may repeat the query.
        return f"the server answered {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise DownloadError(f"its address cannot be read: {error}") from None
    return parts


def _shown(uri: str) -> str:
    """An address without what may be secret."""
    parts = _split(uri)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
