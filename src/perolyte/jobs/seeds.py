"""Seeds of children, independent of each other and of their number."""

from __future__ import annotations

import numpy as np

__all__ = ["derive_seed"]


def derive_seed(seed: int, index: int) -> int:
    """Derive an independent seed for the index-th child.

    Examples
    --------
    >>> derive_seed(1, 0) != derive_seed(1, 1)
    True
    """
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
