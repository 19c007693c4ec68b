"""Why a firework fizzled, and whether running it again can help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Cause", "find_cause"]

MESSAGE_LENGTH = 300

# What is around a job went away or was too small; the job itself is not at fault.
_PASSING = {
    "AutoReconnect": "the database was away",
    "ServerSelectionTimeoutError": "the database was away",
    "NetworkTimeout": "the database was away",
    "ConnectionFailure": "the database was away",
    "NotPrimaryError": "the database was away",
    "DatabaseAwayError": "the database was away",
    "LockedWorkflowError": "the workflow was locked",
    "ConnectionResetError": "the connection was lost",
    "BrokenPipeError": "the connection was lost",
    "KeyboardInterrupt": "the launcher was interrupted",
    "SystemExit": "the launcher was ended",
    "MemoryError": "out of memory: if it comes again, ask for more in 'resources'",
    "OutOfMemoryError": "out of GPU memory: if it comes again, lower max_batch_atoms",
    "BlockingIOError": "a file was locked",
}
_LAST_LINE = re.compile(r"^(?:[A-Za-z_]\w*\.)*(?P<name>[A-Za-z_]\w*)(?::\s*(?P<text>.*))?$")


@dataclass(frozen=True)
class Cause:
    """Name of the exception and its first line; ``passing`` says why another run may do."""

    name: str
    text: str
    passing: str | None

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" if self.text else self.name


def find_cause(launch: dict[str, Any] | None) -> Cause:
    """Read why a launch ended from its document in the LaunchPad.

    Examples
    --------
    >>> stored = {"_exception": {"_stacktrace": "pymongo.errors.AutoReconnect: closed"}}
    >>> find_cause({"action": {"stored_data": stored}}).passing
    'the database was away'
    """
    action = (launch or {}).get("action") or {}
    found = (action.get("stored_data") or {}).get("_exception") or {}
    trace = str(found.get("_stacktrace") or "")
    if not trace.strip():
        return Cause("killed", "", "its launcher was killed")
    name, text = _read_trace(trace)
    passing = _PASSING.get(name)
    if passing is None and "Error refreshing workflow" in trace:
        passing = "the workflow could not be updated"
    if passing is None and "Could not resolve reference" in text:
        passing = "an input was not there yet"
    if passing is None and ("CUDA out of memory" in text or "out of memory" in text.lower()):
        passing = _PASSING["OutOfMemoryError"]
    return Cause(name, text[:MESSAGE_LENGTH], passing)


def _read_trace(trace: str) -> tuple[str, str]:
    """Return name and first line of the last exception of a traceback."""
    lines = trace.rstrip().splitlines()
    for line in reversed(lines):
        if line.startswith((" ", "\t")):
            break
        found = _LAST_LINE.fullmatch(line)
        if found is not None and (found["text"] is not None or line is lines[-1]):
            return found["name"], (found["text"] or "").strip()
    return "error", lines[-1].strip()
