"""An interruption after which a command has its own word to say."""

from __future__ import annotations

from perolyte.errors import PerolyteError

__all__ = ["CommandInterruptedError"]


class CommandInterruptedError(PerolyteError):
    """Ctrl-C came, and what was done until then is safe; the message says where."""
