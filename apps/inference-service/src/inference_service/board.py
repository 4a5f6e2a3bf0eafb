"""The counts of all workers, in memory that they share.

A scrape reaches one worker of several, by chance, and has to tell what all of them counted. So the counts of each are a
row of one table, made before the workers are: a worker writes to its own row only, which needs no lock, and whoever is
asked adds up the rows. No file is needed, and the counts of a worker that died are not lost.
"""

import mmap

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float64]

_CELLS = 2**17
_FINGERPRINTS = 2**20


class BoardFullError(Exception):
    """A model with more features, bins and classes than there is room for."""


class Board:
    """A table of counts, a row for each worker, and which experiment keys were seen."""

    def __init__(self, workers: int) -> None:
        table = mmap.mmap(-1, workers * _CELLS * np.dtype(np.float64).itemsize)
        self._table: Cells = np.frombuffer(table, np.float64).reshape(workers, _CELLS)
        self._seen = mmap.mmap(-1, _FINGERPRINTS)

    def desk(self, worker: int) -> "Desk":
        """The place of one worker."""
        return Desk(self._table, worker)

    def first_seen(self, fingerprint: int) -> bool:
        """Say whether an experiment's key is new, and remember it.

        In one byte a key, so that a new key passes for a known one now and then; that happens to the keys of all
        variants alike, so that their proportion, for which this is counted, stays what it is.
        """
        place = fingerprint % _FINGERPRINTS
        new = self._seen[place] == 0
        self._seen[place] = 1
        return new


class Desk:
    """Hands out cells of a worker's row. Workers that ask for the same in the same order get the same cells."""

    def __init__(self, table: Cells, worker: int) -> None:
        self._table = table
        self._worker = worker
        self._taken = 0

    def cells(self, number: int) -> "Tray":
        """Take the next cells; raises BoardFullError when there are no more."""
        begin, self._taken = self._taken, self._taken + number
        if self._taken > self._table.shape[1]:
            raise BoardFullError(f"the model has more than {self._table.shape[1]} bins of features, and classes, to count")
        columns = self._table[:, begin : self._taken]
        return Tray(columns[self._worker], columns)


class Tray:
    """Some cells: our own, to be added to, and everybody's, to be summed up."""

    def __init__(self, own: Cells, everybody: Cells) -> None:
        self.own = own
        self._everybody = everybody

    def total(self) -> Cells:
        """The sum over all workers."""
        total: Cells = self._everybody.sum(axis=0)
        return total
