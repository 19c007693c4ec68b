"""What a firework of the tests does."""

from __future__ import annotations

import os


def note(path: str, line: str) -> None:
    """Append a line to a file in one write, so that processes do not mix theirs."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
