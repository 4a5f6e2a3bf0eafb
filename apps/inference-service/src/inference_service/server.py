"""Workers, and the socket that they share."""

import asyncio
import logging
import os
import signal
import socket

import numpy as np
import uvicorn
import uvloop
from starlette.types import ASGIApp

from inference_service import api
from inference_service.board import Board
from inference_service.service import Service
from inference_service.settings import Settings

_log = logging.getLogger(__name__)

_FLUSH_SECONDS = 1.0
_SHUTDOWN_SECONDS = 20


def serve(settings: Settings, host: str, port: int, workers: int) -> int:
    """Serve until a signal comes; returns the exit code."""
    np.seterr(over="ignore")  # a number too large for a float32 is refused, not warned of
    board = Board(workers)
    listener = _listen(host, port)
    if workers == 1:
        _work(settings, board, 0, listener)
        return 0
    return _supervise(settings, board, listener, workers)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.set_inheritable(True)
    return listener


def _work(settings: Settings, board: Board, worker: int, listener: socket.socket) -> None:
    service: Service | None = None
    failure = ""
    try:
        service = Service(settings, board, worker)
    except Exception as error:  # whatever is wrong with a model, it must not be served, and somebody must be told
        failure = str(error)
        _log.exception("No verified model: the service will not be ready")
    application = api.create(service, failure)
    uvloop.run(_answer(application, service, listener))


async def _answer(application: ASGIApp, service: Service | None, listener: socket.socket) -> None:
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    flushing = asyncio.create_task(_flush(service)) if service is not None else None
    await uvicorn.Server(config).serve(sockets=[listener])
    if flushing is not None:
        flushing.cancel()


async def _flush(service: Service) -> None:
    """Count what waits to be counted, for a scrape may ask another worker."""
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        for served in service.variants:
            served.counts.flush()


def _supervise(settings: Settings, board: Board, listener: socket.socket, workers: int) -> int:
    """Run workers until a signal comes, or until one of them ends: then so do all, and whoever started us starts us anew."""
    children = {_fork(settings, board, worker, listener) for worker in range(workers)}
    listener.close()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    failed = False
    while children:
        child, _ = os.wait()
        children.discard(child)
        if not stopping:
            _log.error("A worker ended (pid %d), and with it all of them", child)
            failed = True
            stop()
    return 1 if failed else 0


def _fork(settings: Settings, board: Board, worker: int, listener: socket.socket) -> int:
    child = os.fork()
    if child != 0:
        return child
    try:
        _work(settings, board, worker, listener)
    except BaseException:
        _log.exception("A worker failed")
        os._exit(1)
    os._exit(0)
