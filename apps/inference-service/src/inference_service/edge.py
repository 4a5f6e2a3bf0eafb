"""The outermost layer: the request's id, its line in the access log, and every error as a problem."""

import logging
import re
import time
import uuid
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference_service import logs
from inference_service.problem import CONTENT_TYPE, Problem

_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Later versions may append to what version 00 defines.
_TRACE_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_UNLOGGED = ("/health/", "/metrics")  # they come every few seconds and would drown the rest


class Edge:
    """Wraps the routes."""

    def __init__(self, routes: ASGIApp) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begin = time.perf_counter_ns()
        headers = dict(scope["headers"])
        identity = _request_id(headers)
        token = logs.request_id.set(identity)
        exchange = _Exchange(send, identity)
        try:
            await self._routes(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception as error:
            if not exchange.complete:
                await exchange.fail(scope["path"], error)
        finally:
            logs.request_id.reset(token)
        if not scope["path"].startswith(_UNLOGGED):
            _write_access(scope, headers, exchange, time.perf_counter_ns() - begin)


class _Exchange:
    """One answer, to which the request's id is added, and whose status is remembered."""

    def __init__(self, send: Send, identity: str) -> None:
        self._send = send
        self.identity = identity
        self.status: int | None = None
        self.complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.identity.encode())]
        await self._send(message)
        self.complete = message["type"] == "http.response.body" and not message.get("more_body")

    async def fail(self, path: str, error: Exception) -> None:
        problem = as_problem(error)
        if self.status is not None:
            raise error  # half an answer is out; the server can only hang up
        body = problem.body(path, self.identity)
        headers = {"content-type": CONTENT_TYPE, "content-length": str(len(body))} | problem.headers
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status.value, "headers": pairs})
        await self.send({"type": "http.response.body", "body": body})


def as_problem(error: Exception) -> Problem:
    """Find the problem that an error is answered by; one that nobody expected is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        problem = Problem(HTTPStatus(error.status_code), None, str(error.detail))
        problem.headers = dict(error.headers or {})
        return problem
    _log.error("Request failed unexpectedly", exc_info=error)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, None, "The service failed. Report the request id.")


def _request_id(headers: dict[bytes, bytes]) -> str:
    """Take the caller's id if it is well-formed, else make one: what goes into logs must not be able to break them."""
    sent = headers.get(b"x-request-id")
    return sent.decode() if sent is not None and _REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())


def _write_access(scope: Scope, headers: dict[bytes, bytes], exchange: _Exchange, nanoseconds: int) -> None:
    """One line a request. The query is left out because callers put secrets into it."""
    line: dict[str, Any] = logs.head(time.time(), "INFO", "request")
    line["log"]["logger"] = "access"
    line["http"] = {
        "request": {"id": exchange.identity, "method": scope["method"]},
        "response": {"status_code": exchange.status},
    }
    line["url"] = {"path": scope["path"]}
    line["event"] = {"duration": nanoseconds}
    if (trace := _TRACE_PARENT.fullmatch(headers.get(b"traceparent", b""))) is not None:
        line["trace"] = {"id": trace[1].decode()}
    logs.write(line)
