"""How ions move together, from what they do in pieces of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from perolyte.transport.checks import FloatArray

__all__ = ["BlockMoments", "measure_blocks", "remove_rattle"]

_MAX_OFFSETS = 4
_ENOUGH_PIECES = 200
"""Pieces whose products are formed: 200 x 200 products know the mean square to a percent or two.
With fewer pieces in a run, it is cut in up to 4 ways."""


@dataclass(frozen=True, eq=False)
class BlockMoments:
    """Moments of the displacements in pieces of a run, summed over ions.

    With S_ab(k, l) = Σ_ions u_a(k) u_b(l), made symmetric in a and b, for the displacements u in
    pieces k and l. Walks whose pieces do not remember each other have Var Σ_kl Q_kl S(k, l) =
    2 Σ_(k≠l) Q_kl² <S(k, l)²> + Σ_k Q_kk² Var S(k, k), whichever way ions move together.

    Attributes
    ----------
    n_blocks, block_frames
        Number of pieces, and their length in frames.
    participation
        <S(k, l)²>/<S(k, k)>², for S summed over directions: 1/(3 n_ions) for ions that move
        independently in three directions alike, larger where they move together.
    excess_A4
        Å⁴ per frame, [Var S(k, k) - 2 <S(k, l)²>]/(block length n_ions²), not below 0: what single
        hops add to the scatter of normal steps.
    participation_tensor
        (3, 3), <S_ab(k, l)²>/<S(k, k)>² for each pair of directions.
    excess_tensor_A4
        (3, 3), Å⁴ per frame, the excess for each pair of directions.
    """

    n_blocks: int
    block_frames: int
    participation: float
    excess_A4: float
    participation_tensor: FloatArray
    excess_tensor_A4: FloatArray


def measure_blocks(snapshots_A: FloatArray, *, interval: int, block_frames: int) -> BlockMoments:
    """Measure how displacements in pieces of a run scatter and how alike they are between pieces.

    Products of different pieces know how many ions move independently much better than the scatter
    of a few pieces does: there are as many of them as pairs of pieces.

    Parameters
    ----------
    snapshots_A
        (n_snapshots, n_ions, 3), Å, unwrapped; at least 4.
    interval
        Frames between snapshots.
    block_frames
        Length of a piece in frames; rounded to a whole number of intervals.

    Returns
    -------
    BlockMoments
        Averages over up to 4 ways to cut the run.

    Examples
    --------
    >>> steps = np.random.default_rng(0).standard_normal((4000, 10, 3))
    >>> blocks = measure_blocks(steps.cumsum(axis=0), interval=1, block_frames=10)
    >>> round(1 / (3 * blocks.participation))  # ions that move independently
    10
    """
    n_snapshots, n_ions, _ = snapshots_A.shape
    stride = int(np.clip(round(block_frames / interval), 1, max(1, (n_snapshots - 1) // 3)))
    n_blocks = (n_snapshots - 1) // stride
    n_cuts = min(stride, _MAX_OFFSETS, -(-_ENOUGH_PIECES // n_blocks))
    offsets = np.arange(n_cuts) * stride // n_cuts
    cuts = [_measure_cut(snapshots_A[offset::stride]) for offset in offsets]
    mean, variances, participation = (np.mean(values, axis=0) for values in zip(*cuts, strict=True))
    length = stride * interval
    # The last entry of each is the sum over directions.
    normal = np.nan_to_num(2 * participation * mean**2)
    excess = np.maximum(variances - normal, 0.0) / (length * n_ions**2)
    return BlockMoments(
        n_blocks=n_blocks,
        block_frames=length,
        participation=float(participation[-1]),
        excess_A4=float(excess[-1]),
        participation_tensor=_unpack(participation[:-1]),
        excess_tensor_A4=_unpack(excess[:-1]),
    )


def remove_rattle(
    moments: BlockMoments, *, slope_A2: float, intercept_A2: float, least: float
) -> BlockMoments:
    """Take the rattle about the sites out of the measure of how ions move together.

    A piece's mean square, slope times length + intercept, is partly rattle, which is taken to be
    independent. Where pieces are short, it hides that hops are not.

    Parameters
    ----------
    moments
        As measured.
    slope_A2, intercept_A2
        Å² per frame and Å², of the mean squared displacement.
    least
        Participation of independent ions; by chance less may be measured.

    Returns
    -------
    BlockMoments
        With another ``participation``, and its tensor changed by the same factor.

    Examples
    --------
    Half of the mean square is rattle, and hops of two ions move as one where ions count as four:

    >>> seen = BlockMoments(99, 1, 5 / 48, 0.0, np.eye(3), np.eye(3))
    >>> walk = remove_rattle(seen, slope_A2=1.0, intercept_A2=1.0, least=1 / 12)
    >>> round(1 / (3 * walk.participation), 9)
    2.0
    """
    walk = max(0.0, slope_A2) * moments.block_frames
    total = walk + max(0.0, intercept_A2)
    seen = moments.participation
    participation = seen
    if walk > 0:
        participation = (seen * total**2 - least * (total**2 - walk**2)) / walk**2
    participation = float(np.fmax(least, participation))  # NaN where nothing moves
    ratio = participation / seen if seen > 0 else 1.0
    return replace(
        moments,
        participation=participation,
        participation_tensor=moments.participation_tensor * ratio,
    )


_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def _measure_cut(ends_A: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the mean square Å², variances (7,) Å⁴ and participations (7,) of one cut.

    The seven are the six pairs of directions and, last, the sum over directions.
    """
    steps = np.ascontiguousarray(np.diff(ends_A, axis=0).transpose(2, 0, 1))
    own = np.stack([np.einsum("ki,ki->k", steps[a], steps[b]) for a, b in _PAIRS], axis=1)
    total = own[:, :3].sum(axis=1)
    variances = np.append(own.var(axis=0, ddof=1), total.var(ddof=1))
    n_directions, n_blocks, n_ions = steps.shape
    spacing = -(-n_blocks // _ENOUGH_PIECES)
    some = np.ascontiguousarray(steps[:, ::spacing]).reshape(-1, n_ions)
    n_some = len(some) // n_directions
    all_grams = (some @ some.T).reshape(n_directions, n_some, n_directions, n_some)
    grams = [(all_grams[a, :, b] + all_grams[b, :, a]) / 2 for a, b in _PAIRS]
    grams.append(grams[0] + grams[1] + grams[2])
    # Pieces that share an end share a rattle about the site there, so they are left out.
    least = 2 if spacing == 1 else 1
    products = np.array([_average_far_squares(gram, least) for gram in grams])
    with np.errstate(invalid="ignore"):  # NaN where nothing moves
        participation = products / total[::spacing].mean() ** 2
    return float(total.mean()), variances, participation


def _average_far_squares(gram: FloatArray, least: int) -> float:
    """Return the mean square of the elements at least ``least`` places from the diagonal."""
    n = len(gram)
    total = float(np.einsum("kl,kl->", gram, gram)) - float(np.sum(np.diag(gram) ** 2))
    for distance in range(1, least):
        total -= 2 * float(np.sum(np.diag(gram, distance) ** 2))
    return max(0.0, total) / ((n - least) * (n - least + 1))


def _unpack(values: FloatArray) -> FloatArray:
    """Return the symmetric (3, 3) matrix of the six pairs of directions."""
    matrix = np.empty((3, 3))
    for (a, b), value in zip(_PAIRS, values, strict=True):
        matrix[a, b] = matrix[b, a] = value
    return matrix
