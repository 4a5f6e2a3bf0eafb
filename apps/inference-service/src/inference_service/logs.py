"""Log lines as JSON, in the names of the Elastic Common Schema, as the gateway writes them."""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

SERVICE = {"name": "inference-service"}

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_encode = msgspec.json.Encoder().encode


class EcsFormatter(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record, with its exception if it has one, and the id of the request that is being answered."""
        line = head(record.created, record.levelname, record.getMessage())
        line["log"]["logger"] = record.name
        if (current := request_id.get()) is not None:
            line["http"] = {"request": {"id": current}}
        if record.exc_info:
            line["error"] = {"stack_trace": self.formatException(record.exc_info)}
        return _encode(line).decode()


def head(when: float, level: str, message: str) -> dict[str, Any]:
    """What every line begins with. WHEN is in seconds since 1970."""
    return {
        "@timestamp": datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds"),
        "log": {"level": level},
        "service": SERVICE,
        "ecs": {"version": "8.11"},
        "message": message,
    }


def write(line: dict[str, Any]) -> None:
    """Write one line to the standard output."""
    sys.stdout.buffer.write(_encode(line) + b"\n")
    sys.stdout.buffer.flush()


def configure() -> None:
    """Log everything from INFO on to the standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(EcsFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
