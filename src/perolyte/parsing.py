"""What parsers of other libraries raise on a damaged file, said in one line."""

from __future__ import annotations

import lzma
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from perolyte.errors import InputError

__all__ = ["PARSER_ERRORS", "refuse_damage", "shorten_error"]

PARSER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,  # xml.etree's ParseError among them
    TypeError,
    ValueError,  # json and unicode errors among them
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What parsers of other libraries raise on damaged files; none of them has an error of its own."""


@contextmanager
def refuse_damage(what: str, advice: str) -> Iterator[None]:
    """Turn whatever a parser of another library raises into one line.

    Parameters
    ----------
    what
        Which file, and which frame where that is known.
    advice
        What to do.

    Raises
    ------
    InputError
        For any of :data:`PARSER_ERRORS` inside the block.
    """
    try:
        with warnings.catch_warnings():
            # doubts of a parser about data that is not used here (forces, stresses)
            warnings.simplefilter("ignore")
            yield
    except PARSER_ERRORS as err:
        raise InputError(f"{what} cannot be read ({shorten_error(err)}): {advice}") from err


def shorten_error(err: BaseException, width: int = 120) -> str:
    """Return the words of an exception on one line.

    Examples
    --------
    >>> shorten_error(KeyError("Lattice"))
    "KeyError: 'Lattice'"
    """
    words = " ".join(str(err).split())
    text = f"{type(err).__name__}: {words}" if words else type(err).__name__
    return text if len(text) <= width else text[: width - 1] + "…"
