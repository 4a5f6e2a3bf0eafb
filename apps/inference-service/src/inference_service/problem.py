"""Error answers by RFC 9457, in the shape of the gateway's.

The type is what a client may program against; title and detail are for people and may change. Whatever a client sent is
never repeated in a detail, so that no answer can carry an attacker's text.
"""

from http import HTTPStatus
from typing import Any

import msgspec

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """An error that is answered."""

    def __init__(self, status: HTTPStatus, kind: str | None, detail: str, pointer: str | None = None) -> None:
        """KIND is the last part of the type's URN; POINTER a JSON pointer to the offending place of the body."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.pointer = pointer
        self.headers: dict[str, str] = {}

    def body(self, path: str, request_id: str) -> bytes:
        """The answer's content."""
        document: dict[str, Any] = {"type": f"urn:problem:inference-service:{self.kind}"} if self.kind else {}
        document |= {"title": self.status.phrase, "status": self.status.value, "detail": self.detail, "instance": path}
        if self.pointer is not None:
            document["pointer"] = f"#{self.pointer}"
        return msgspec.json.encode(document | {"requestId": request_id})
