"""The four ways a calculation can end."""

from __future__ import annotations

from typing import Literal

__all__ = ["Status"]

Status = Literal["converged", "not_converged", "unphysical", "rejected"]
"""``converged``: the number can be used. ``not_converged``: longer or tighter is needed.
``unphysical``: the calculation left its domain. ``rejected``: there is no calculation to judge."""
