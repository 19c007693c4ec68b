"""Distinct arrangements of one space, all of them or a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import SYMBOL_DTYPE
from perolyte.structures.enumeration._words import WordCoder

__all__ = ["ArrangementSet"]

_LONGEST_EXACT = 10**15  # larger numbers are rounded in sentences


@dataclass(frozen=True, eq=False)
class ArrangementSet:
    """Arrangements that symmetry does not turn into one another.

    Attributes
    ----------
    codes : ndarray
        ``(n, n_sites)``, uint8: position in ``alphabet`` of what each site holds. The smallest
        arrangement of each orbit, in a fixed order.
    alphabet : tuple of str
        Element symbols, "" for an empty site.
    degeneracies : ndarray
        ``(n,)``, int64: arrangements in each orbit.
    n_drawn : ndarray or None
        ``(n,)``, int64: how often each was drawn; None when nothing was drawn.
    n_orbits : int
        Distinct arrangements of the whole space.
    n_labelled : int
        All arrangements of the whole space, equivalent ones separately.
    method : str
        ``"enumerated"`` or ``"sampled"``.
    weighting : str or None
        Of a sample: ``"degeneracy"`` when every arrangement was as likely, ``"orbit"`` when every
        distinct one was.
    reason : str
        Why these arrangements, in one sentence.
    """

    codes: NDArray[np.uint8]
    alphabet: tuple[str, ...]
    degeneracies: NDArray[np.int64]
    n_drawn: NDArray[np.int64] | None
    n_orbits: int
    n_labelled: int
    method: str
    weighting: str | None
    reason: str

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def arrangements(self) -> NDArray[np.str_]:
        """``(n, n_sites)`` element symbols, "" where empty."""
        return np.array(self.alphabet, dtype=SYMBOL_DTYPE)[self.codes]

    @property
    def weights(self) -> NDArray[np.float64]:
        """``(n,)``, sum 1: weights of a mean over all arrangements of the space.

        For a sample the mean is an estimate of it.
        """
        if self.n_drawn is None:
            counts = self.degeneracies
        elif self.weighting == "orbit":
            counts = self.degeneracies * self.n_drawn
        else:
            counts = self.n_drawn
        return np.asarray(counts / counts.sum(), dtype=np.float64)

    def select(self, mask: NDArray[np.bool_], *, reason: str) -> ArrangementSet:
        """Keep the arrangements where ``mask``, ``(n,)``, is true; ``reason`` says which these are.

        The numbers of the whole space stay as they are.

        Raises
        ------
        InputError
            When the mask does not fit.
        """
        chosen = np.asarray(mask)
        if chosen.shape != (len(self),) or chosen.dtype != np.bool_:
            raise InputError(
                f"mask has shape {chosen.shape} and type {chosen.dtype}, allowed are "
                f"{len(self)} booleans"
            )
        return replace(
            self,
            codes=self.codes[chosen],
            degeneracies=self.degeneracies[chosen],
            n_drawn=None if self.n_drawn is None else self.n_drawn[chosen],
            reason=f"{self.reason}; {int(chosen.sum())} kept: {reason}",
        )


def spell_codes(
    coder: WordCoder, words: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Codes of all sites, and their alphabet, of words."""
    alphabet = tuple(sorted({*coder.space.symbols.tolist(), *coder.symbol_of_state}))
    position = {symbol: number for number, symbol in enumerate(alphabet)}
    base = np.array([position[symbol] for symbol in coder.space.symbols.tolist()], dtype=np.uint8)
    of_state = np.array([position[symbol] for symbol in coder.symbol_of_state], dtype=np.uint8)
    codes = np.tile(base, (len(words), 1))
    if len(coder.space.sites):
        codes[:, coder.space.sites] = of_state[coder.decode(words)]
    return codes, alphabet


def format_count(n: int) -> str:
    """Write a count in full up to 10^15, rounded above."""
    return str(n) if n <= _LONGEST_EXACT else f"{Decimal(n):.2e}"
