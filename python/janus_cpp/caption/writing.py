"""Files of the output: written aside, then put in place at once, by one run at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from types import TracebackType
from typing import IO

from .problems import ShardProblem, write_problem

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class Aside:
    """A new file for a path. Until `commit`, the path stays as it is.

    It is the kernel's lock on the file aside that keeps other runs away; it goes with its process, whose half a file
    the next one takes over. Raises Problem.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        folder, name = os.path.split(path)
        self._aside = os.path.join(folder, f".{name}.part")
        try:
            self.file = self._locked()
        except OSError as error:
            raise write_problem(path, error) from None

    def commit(self) -> None:
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            os.rename(self._aside, self._path)
            _sync_folder(os.path.dirname(self._path) or ".")
        except OSError as error:
            raise write_problem(self._path, error) from None

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            try:
                os.unlink(self._aside)
            except OSError:
                pass
        try:
            self.file.close()
        except OSError as fault:
            if kind is None:
                raise write_problem(self._path, fault) from None
        if isinstance(error, OSError):
            raise write_problem(self._path, error) from None

    def _locked(self) -> IO[bytes]:
        while True:
            file = os.fdopen(os.open(self._aside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise ShardProblem(
                    f"{self._path}: expected to write it alone, found another run that is at it; start again when that "
                    "has ended"
                ) from None
            except OSError as error:
                if error.errno not in _NO_LOCKS:  # as on some mounts of object stores
                    file.close()
                    raise
            if _is_at(file, self._aside):
                file.truncate(0)
                return file
            file.close()  # the other run has put it in place meanwhile


def _is_at(file: IO[bytes], path: str) -> bool:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    own = os.fstat(file.fileno())
    return (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some file systems cannot
    finally:
        os.close(descriptor)
