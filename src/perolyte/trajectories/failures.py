"""What goes wrong while a trajectory file is read, said in one line."""

from __future__ import annotations

from perolyte.errors import InputError
from perolyte.parsing import PARSER_ERRORS, refuse_damage, shorten_error

__all__ = ["PARSER_ERRORS", "CutFileError", "refuse_damage", "shorten_error"]


class CutFileError(InputError):
    """A file ends inside a frame: the frames before it are whole."""
