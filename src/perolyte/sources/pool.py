"""Processes that read files, and survive files that crash or stop them.

The pool is joblib's loky executor. Each process notes which file it has begun; from these notes the
parent learns which file ended a process, and which one is being read for too long.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from perolyte.child_processes import ProcessPool
from perolyte.errors import ExecutionError
from perolyte.schemas import StructureDoc
from perolyte.sources.documents import reject_structure

__all__ = ["ReadOne", "ReadingPool", "read_guarded"]

ReadOne = Callable[..., StructureDoc]

CHUNK_SIZE = 8
"""Files per request: a request costs about a millisecond, a file about twenty."""
RECYCLE_AFTER = 2000
"""Files after which the processes are replaced, so that no leak of a library adds up."""
POLL_S = 0.2
MAX_FRUITLESS = 3
GRACE_S = 2.0
"""A file is interrupted from inside first; the process is killed when it does not react."""
START_S = 120.0
"""A process imports pymatgen before its first file; a busy network file system makes that slow."""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class _TimeIsUpError(BaseException):
    """Not an Exception, so that no parser takes it for a fault of the file."""


@dataclass
class ReadingPool:
    """Reads files over several processes, in order.

    Parameters
    ----------
    read_one
        Importable function of a path, with ``keep_structure``.
    n_workers
        Processes.
    keep_structure
        Handed to ``read_one``.
    time_limit_s
        For one file, in seconds.
    recycle_after
        Files after which the processes are replaced.
    """

    read_one: ReadOne
    n_workers: int
    keep_structure: bool = True
    time_limit_s: float = 10.0
    recycle_after: int = RECYCLE_AFTER
    _settled: dict[str, StructureDoc] = field(default_factory=dict)
    _stuck: set[str] = field(default_factory=set)

    def read(self, paths: Sequence[str]) -> Iterator[StructureDoc]:
        """Yield the document of each file, in the order of the files."""
        rest = iter(paths)
        while portion := list(islice(rest, self.recycle_after)):
            yield from self._read_portion(portion)

    def _read_portion(self, paths: list[str]) -> Iterator[StructureDoc]:
        """Read what one set of processes reads, starting a new set each time a file ends one."""
        chunks = [paths[i : i + CHUNK_SIZE] for i in range(0, len(paths), CHUNK_SIZE)]
        waiting = deque(range(len(chunks)))
        done: dict[int, list[StructureDoc]] = {}
        n_yielded = n_fruitless = 0
        while n_yielded < len(chunks):
            with _Processes(self.n_workers, len(waiting)) as processes:
                running: dict[Future[list[StructureDoc]], int] = {}
                is_broken, ending = False, ""
                while n_yielded < len(chunks) and not is_broken:
                    self._submit(processes, chunks, waiting, running, n_yielded)
                    finished, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
                    for future in finished:
                        index = running.pop(future)
                        try:
                            done[index] = self._merge(chunks[index], future.result())
                        except BrokenProcessPool as error:
                            waiting.appendleft(index)
                            is_broken, ending = True, _find_exit_code(error)
                    while n_yielded in done:
                        yield from done.pop(n_yielded)
                        n_yielded += 1
                    self._end_stuck(processes)
                waiting = deque(sorted({*waiting, *running.values()}))
                suspects = processes.begun_files() if is_broken else {}
            n_fruitless = n_fruitless + 1 if is_broken and not suspects else 0
            if n_fruitless == MAX_FRUITLESS:
                raise ExecutionError(
                    f"the reading processes end ({ending}) before they read a file; is there "
                    "enough memory? use fewer (--workers 1)"
                )
            for path in suspects:
                if path not in self._settled:
                    self._settled[path] = self._read_alone(path)

    def _submit(
        self,
        processes: _Processes,
        chunks: list[list[str]],
        waiting: deque[int],
        running: dict[Future[list[StructureDoc]], int],
        n_yielded: int,
    ) -> None:
        """Keep every process busy, but not far ahead of what was handed out."""
        while waiting and len(running) < 2 * self.n_workers:
            if waiting[0] - n_yielded > 8 * self.n_workers:
                break
            index = waiting.popleft()
            open_paths = [path for path in chunks[index] if path not in self._settled]
            arguments = (open_paths, self.read_one, self.keep_structure, self.time_limit_s)
            running[processes.submit(_read_chunk, *arguments)] = index

    def _merge(self, paths: list[str], read: list[StructureDoc]) -> list[StructureDoc]:
        """Put documents of files that were settled before into their places."""
        fresh = iter(read)
        return [self._settled[path] if path in self._settled else next(fresh) for path in paths]

    def _end_stuck(self, processes: _Processes) -> None:
        """Kill processes that are at one file for too long; the pool then counts as broken."""
        now_s = time.monotonic()
        for path, (process_id, started_s) in processes.begun_files().items():
            if now_s - started_s > self.time_limit_s + GRACE_S:
                self._stuck.add(path)
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)

    def _read_alone(self, path: str) -> StructureDoc:
        """Read a file in a process of its own, to see whether it was the one."""
        if path in self._stuck:
            return _reject(path, f"not read within {self.time_limit_s:g} s", "timeout")
        with _Processes(1, 1) as processes:
            arguments = ([path], self.read_one, self.keep_structure, self.time_limit_s)
            future = processes.submit(_read_chunk, *arguments)
            try:
                return future.result(timeout=START_S + self.time_limit_s)[0]
            except BrokenProcessPool as error:
                text = f"ended the process that read it ({_find_exit_code(error)})"
                return _reject(path, text, "crash")
            except FutureTimeoutError:
                return _reject(path, f"not read within {self.time_limit_s:g} s", "timeout")


class _Processes(ProcessPool):
    """A set of processes with the folder of their notes; all ended, whatever happens, at exit."""

    def __init__(self, n_workers: int, n_chunks: int) -> None:
        self._notes = Path(tempfile.mkdtemp(prefix="perolyte-ingest-"))
        super().__init__(
            max(1, min(n_workers, n_chunks)), _start_worker, (str(self._notes),), _ONE_THREAD
        )

    def __exit__(self, *ending: object) -> None:
        super().__exit__(*ending)
        shutil.rmtree(self._notes, ignore_errors=True)

    def begun_files(self) -> dict[str, tuple[int, float]]:
        """Return process and time of start of each file that is begun and not ended."""
        found: dict[str, tuple[int, float]] = {}
        for note in self._notes.iterdir():
            # a note that is being written, or is gone by now, counts at the next look
            with suppress(OSError, ValueError):
                content = json.loads(note.read_text(encoding="utf-8"))
                found[content["path"]] = (int(note.name), content["started_s"])
        return found


_note: Path | None = None


def _start_worker(notes_folder: str) -> None:
    """Prepare a process; the imports happen here, so that no file's time pays for them."""
    import perolyte.structures  # noqa: F401

    global _note  # noqa: PLW0603 (a process has one)
    _note = Path(notes_folder) / str(os.getpid())
    warnings.simplefilter("ignore")  # what matters of them is in the documents


def _read_chunk(
    paths: list[str], read_one: ReadOne, keep_structure: bool, time_limit_s: float
) -> list[StructureDoc]:
    documents = []
    for path in paths:
        if _note is not None:
            text = json.dumps({"path": path, "started_s": time.monotonic()})
            _note.write_text(text, encoding="utf-8")
        documents.append(read_guarded(path, read_one, keep_structure, time_limit_s))
    if _note is not None:
        _note.unlink(missing_ok=True)
    return documents


def read_guarded(
    path: str, read_one: ReadOne, keep_structure: bool, time_limit_s: float
) -> StructureDoc:
    """Read a file in this process: slow files and faults of the program become rejected documents.

    The time limit needs the main thread; in another one there is none.
    """
    try:
        with _time_limit(time_limit_s):
            return read_one(path, keep_structure=keep_structure)
    except _TimeIsUpError:
        return _reject(path, f"not read within {time_limit_s:g} s", "timeout")
    except Exception as error:  # noqa: BLE001 (thousands of other files are waiting)
        text = f"{type(error).__name__}: {error}"[:300]
        return _reject(path, f"stopped the program ({text}); please report it", "crash")


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_time_is_up)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _raise_time_is_up(signum: int, frame: FrameType | None) -> NoReturn:
    raise _TimeIsUpError


def _find_exit_code(error: BrokenProcessPool) -> str:
    """Return what loky says of the end of a process, such as ``SIGSEGV(-11)``."""
    found = re.search(r"\{(.+?)\}", str(error))
    return found[1] if found else "without exit code"


def _reject(path: str, reason: str, rejection: Any) -> StructureDoc:
    from perolyte.sources.ingest import hash_file

    name = Path(path).name
    return reject_structure(
        name, f"{name}: {reason}", path=path, sha256=hash_file(path), rejection=rejection
    )
