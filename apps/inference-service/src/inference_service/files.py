"""Files that are read and written without following links.

The folder of the models is filled by one container and read by another. A link in it could make the one write, or the
other read, anywhere; so every step below the folder is taken from an open directory, and refuses links.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """A folder that is held open, so that nothing can put a link into its place meanwhile."""

    def __init__(self, root: Path, name: str, *, create: bool = False) -> None:
        """Open the folder NAME below ROOT; raises OSError when it is missing or a link."""
        name = str(name)  # an enumeration would show as one in errors
        self._path = root / name
        parent = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if create and name not in os.listdir(parent):
                os.mkdir(name, 0o755, dir_fd=parent)
            self._fd = os.open(name, _DIRECTORY, dir_fd=parent)
        finally:
            os.close(parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._fd)

    def read(self, name: str, limit: int) -> bytes:
        """Return a regular file's content; raises OSError when it is missing, no file, or larger than LIMIT bytes."""
        # Without O_NONBLOCK a pipe would hang.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._fd)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"{self._path / name} is not a regular file")
            content = file.read(limit + 1)
        if len(content) > limit:
            raise OSError(f"{self._path / name} is larger than {limit} bytes")
        return content

    @contextmanager
    def replace(self, name: str) -> Iterator[BinaryIO]:
        """Write a file that takes the place of another at once and whole, or, after an exception, not at all."""
        unfinished = f".{name}.unfinished"
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=self._fd)  # a killed run leaves it
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(unfinished, flags, 0o644, dir_fd=self._fd)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            os.rename(unfinished, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except BaseException:
            os.unlink(unfinished, dir_fd=self._fd)
            raise
        os.fsync(self._fd)
