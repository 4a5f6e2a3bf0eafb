"""Runs the challenger behind the champion's back: its answers are compared and counted, and never given."""

import logging
import os
import queue
import threading
import time

import numpy as np

from inference_service.board import Desk
from inference_service.counts import Counts
from inference_service.model import Floats, Labels, Model

_log = logging.getLogger(__name__)

_WAITING_REQUESTS = 64
OUTCOMES = ("agreed", "disagreed", "failed", "dropped")
_AGREED, _DISAGREED, _FAILED, _DROPPED = range(len(OUTCOMES))


class Shadow:
    """A thread that predicts with the challenger what the champion has answered already.

    A challenger that is too slow makes its queue full, and what does not fit is dropped: the champion never waits.
    """

    def __init__(self, model: Model, counts: Counts, desk: Desk) -> None:
        self._model = model
        self._counts = counts
        self.rows = desk.cells(len(OUTCOMES))
        self._queue: queue.Queue[tuple[Floats, Labels]] = queue.Queue(_WAITING_REQUESTS)
        threading.Thread(target=self._run, name="shadow", daemon=True).start()

    def compare(self, features: Floats, labels: Labels) -> None:
        """Have the challenger predict these rows too, some time."""
        try:
            self._queue.put_nowait((features, labels))
        except queue.Full:
            self.rows.own[_DROPPED] += len(labels)  # the only writer of this cell; the thread writes the others

    def _run(self) -> None:
        # The thread alone: on Linux every thread has a niceness of its own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while True:
            features, labels = self._queue.get()
            try:
                self._predict(features, labels)
            except Exception:
                self.rows.own[_FAILED] += len(labels)
                _log.exception("The challenger failed in the shadow")

    def _predict(self, features: Floats, labels: Labels) -> None:
        begin = time.perf_counter()
        its_labels, _, confidences = self._model.predict(features)
        seconds = time.perf_counter() - begin
        agreed = int(np.count_nonzero(its_labels == labels))
        self.rows.own[_AGREED] += agreed
        self.rows.own[_DISAGREED] += len(labels) - agreed
        self._counts.predicted(features, its_labels, confidences, seconds)
