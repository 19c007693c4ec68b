"""The folder that a command writes its results to: locked, and never another's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError, StoreError
from perolyte.files import replace_file
from perolyte.folder_lock import lock_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "FIGURE_FORMATS",
    "explain_writing",
    "lock_results",
    "open_result_folder",
    "write_figure",
]

FIGURE_FORMATS = ("png", "svg", "pdf")


@contextmanager
def open_result_folder(
    folder: Path, records: str, list_hashes: Callable[[Any], list[str]], new: Any, what: str
) -> Iterator[None]:
    """Lock a folder for one command's results, unless it holds those of other input.

    Parameters
    ----------
    folder
        Made if it is not there.
    records
        Name of the file that says what the folder holds. It is written last: where it is, the
        others are.
    list_hashes
        From the content of that file to the hashes of the input.
    new
        What that file is going to hold.
    what
        The input, as messages name it: "trajectories".

    Raises
    ------
    InputError
        When the folder holds results of other input, or the file cannot be read.
    StoreError
        When a file cannot be written, or another process writes there.
    """
    with explain_writing(folder), lock_results(folder):
        _refuse_foreign(folder / records, list_hashes, new, what)
        yield


def lock_results(folder: Path) -> AbstractContextManager[None]:
    """Lock the folder that a command writes to; a message names the option."""
    return lock_folder(folder, remedy="choose another directory with -o")


@contextmanager
def explain_writing(folder: Path) -> Iterator[None]:
    """Turn what the system says when a file cannot be written into one line.

    Raises
    ------
    StoreError
        Then.
    """
    try:
        yield
    except OSError as err:
        raise StoreError(
            f"cannot write {err.filename or folder} ({err.strerror}); free some space or choose "
            "another directory with -o, then give the same command again"
        ) from err


def _refuse_foreign(
    path: Path, list_hashes: Callable[[Any], list[str]], new: Any, what: str
) -> None:
    try:
        held = sorted(list_hashes(json.loads(path.read_text("utf-8"))))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not readable as results of this command ({err}); choose another directory "
            "with -o, or remove that file"
        ) from err
    if held != sorted(list_hashes(new)):
        raise InputError(
            f"{path.parent} holds results of other {what}; choose another directory with -o, or "
            "remove it first"
        )


def write_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure in every format; return the files."""
    from perolyte.reports.figures import render_figure, settle_layout

    settle_layout(figure)
    return [
        replace_file(folder / f"{name}.{file_format}", render_figure(figure, file_format))
        for file_format in FIGURE_FORMATS
    ]
