"""Checks and whole-number counts shared by dopings and vacancies."""

from __future__ import annotations

import math

from perolyte.errors import InputError

__all__ = ["check_element", "check_seed", "reach_count"]


def check_element(symbol: str, role: str) -> None:
    """Refuse a symbol that is no chemical element.

    Parameters
    ----------
    symbol : str
        Symbol to check.
    role : str
        How the message calls it, e.g. "dopant".

    Raises
    ------
    InputError
        When it is no element.
    """
    from pymatgen.core.periodic_table import Element

    if not Element.is_valid_symbol(symbol):
        raise InputError(f"{role} {symbol!r} is no chemical element; give a symbol, e.g. 'Sr'")


def check_seed(seed: int) -> None:
    """Refuse a seed that the random generator would not take.

    Parameters
    ----------
    seed : int
        Seed to check.

    Raises
    ------
    InputError
        When it is negative.
    """
    if seed < 0:
        raise InputError(f"seed is {seed}, allowed are integers from 0")


def reach_count(fraction: float, *, n_basis: int, step: int, max_count: int) -> int | None:
    """Multiple of ``step`` nearest to a fraction of ``n_basis``, larger on a tie.

    Parameters
    ----------
    fraction : float
        Wanted fraction.
    n_basis : int
        What the fraction counts.
    step : int
        Smallest change of the count.
    max_count : int
        Largest possible count, a multiple of ``step``.

    Returns
    -------
    int or None
        The count; None when the nearest multiple is 0 or above ``max_count``.

    Examples
    --------
    >>> reach_count(0.10, n_basis=12, step=2, max_count=6)
    2
    >>> reach_count(0.01, n_basis=12, step=1, max_count=12) is None
    True
    """
    # The small term makes 1.5 steps that were rounded down to 1.4999999 a tie, too.
    count = step * math.floor(fraction * n_basis / step + 0.5 + 1e-9)
    return count if 0 < count <= max_count else None
