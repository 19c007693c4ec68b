"""Where ions go: every symmetry-distinct arrangement, or a fair sample, and the ones to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._host import Host
from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.checks import MIN_DISTANCE_A
from perolyte.structures.defect_pairs import DefectPair, fix_pairs, measure_pairs
from perolyte.structures.enumeration import ArrangementSet, arrange
from perolyte.structures.ewald import compute_ewald_energies
from perolyte.structures.monte_carlo import sample_low_energy

__all__ = ["Placement", "PlacementResult", "SelectionRule", "place_ions"]

_N_CHAINS = 2
_ENERGY_DECIMALS = 6  # eV; equivalent arrangements differ by rounding only, about 1e-9 eV


@dataclass(frozen=True)
class SelectionRule:
    """Which of all arrangements of a composition to keep.

    Attributes
    ----------
    n_keep : int
        Arrangements of lowest point-charge energy; for each shell when a defect pair is asked.
    n_random : int
        Further ones drawn at random from the rest: point charges are a filter, not physics.
    max_enumerated : int
        All symmetry-distinct arrangements are compared up to this number.
    n_samples : int
        Random draws, and sweeps of the search for low energies, above it.
    max_shells : int
        Distances of a defect pair that are kept: the nearest ones, and the farthest, which is the
        reference of binding energies.

    Examples
    --------
    >>> SelectionRule(n_keep=2, n_random=1).max_enumerated
    5000
    """

    n_keep: int = 1
    n_random: int = 0
    max_enumerated: int = 5000
    n_samples: int = 200
    max_shells: int = 8

    def __post_init__(self) -> None:
        lowest_of = {
            "n_keep": 1,
            "n_random": 0,
            "max_enumerated": 0,
            "n_samples": 1,
            "max_shells": 2,
        }
        for name, lowest in lowest_of.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
                raise InputError(f"{name} is {value!r}, allowed are integers from {lowest}")


@dataclass(frozen=True, eq=False)
class Placement:
    """One arrangement that was kept.

    Attributes
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, the element on each site, "" where empty.
    order : int
        Position among those kept of the same shell, or of all: 0 for the lowest energy.
    rank : int
        Position by energy among all that were compared, from 0.
    kept_as : str
        "lowest energy", "random", or "lowest energy of shell 2".
    ewald_energy_eV : float
        Point-charge energy of the cell, eV.
    degeneracy : int
        Symmetry-equivalent copies of it in the cell.
    pair : DefectPair or None
        The defect pair, where one was asked for.
    """

    symbols: NDArray[np.str_]
    order: int
    rank: int
    kept_as: str
    ewald_energy_eV: float
    degeneracy: int
    pair: DefectPair | None = None

    def extend_name(self, stem: str) -> str:
        """Name it by what the cell holds, the shell of its defect pair, and its position."""
        if self.pair is not None:
            stem = f"{stem}-n{self.pair.shell}"
        return stem if self.order == 0 else f"{stem}-r{self.order}"


@dataclass(frozen=True, eq=False)
class PlacementResult:
    """What was kept, of how many.

    Attributes
    ----------
    placements : tuple of Placement
        By rising energy, the random ones last.
    method : str
        "enumerated" when every symmetry-distinct arrangement was compared, "sampled" otherwise.
    reason : str
        Why, with the counts.
    n_compared : int
        Different arrangements compared.
    n_distinct : int
        Symmetry-distinct arrangements that exist, exact.
    n_labelled : int
        All arrangements, equivalent ones included.
    warnings : tuple of str
        What could not be kept as asked.
    """

    placements: tuple[Placement, ...]
    method: str
    reason: str
    n_compared: int
    n_distinct: int
    n_labelled: int
    warnings: tuple[str, ...]


def place_ions(
    host: Host,
    moves: Sequence[SublatticeMove],
    *,
    states: Mapping[str, int],
    rule: SelectionRule,
    seed: Sequence[int],
    pair: tuple[str, str] | None = None,
) -> PlacementResult:
    """Choose the sites of ions that enter and leave.

    Parameters
    ----------
    host : Host
        The parent.
    moves : sequence of SublatticeMove
        What enters and leaves.
    states : mapping of str to int
        Charge of each element, in e.
    rule : SelectionRule
        How many to keep.
    seed : sequence of int
        Seed of the draws.
    pair : tuple of str, optional
        Two defects, elements or keys such as "vacancy_X": keep the best for each neighbour shell.

    Returns
    -------
    PlacementResult
        At least one arrangement.

    Raises
    ------
    InputError
        When the moves are impossible, or in every arrangement two ions are too close.
    """
    found = arrange(
        host.symbols,
        moves,
        host.permutations,
        limit=rule.max_enumerated,
        n_samples=rule.n_samples,
        seed=_derive_seed(seed, 0),
    )
    arrangements, weights = _drop_clashes(host, found)
    reason = found.reason
    if len(arrangements) < len(found):
        reason += f"; in {len(found) - len(arrangements)} of them ions are too close"
    if found.method == "sampled":
        arrangements = _add_low_energy(host, arrangements, moves, states, rule, seed)
        reason += "; low point-charge energies were searched by Monte Carlo"
        if pair is not None:
            arrangements = _add_low_energy_by_shell(
                host, arrangements, moves, states, rule, seed, pair
            )
            reason += ", for each distance of the pair by itself"
    if len(arrangements) == 0:
        raise InputError(
            f"in all {len(found)} arrangements compared two ions are nearer than "
            f"{MIN_DISTANCE_A} Å; raise n_samples, or merge the split sites of the parent"
        )
    energies_eV = _compute_energies(host, arrangements, states)
    order = np.argsort(energies_eV, kind="stable")
    pairs = None if pair is None else measure_pairs(host, arrangements, pair)
    chosen, warnings = _choose(order, pairs, rule, _derive_seed(seed, 1), weights)
    ranks = np.argsort(order)
    position: Counter[int | None] = Counter()
    placements = []
    for index, kept_as in chosen:
        pair_found = pairs[index] if pairs is not None else None
        shell = pair_found.shell if pair_found is not None else None
        placements.append(
            Placement(
                symbols=arrangements[index],
                order=position[shell],
                rank=int(ranks[index]),
                kept_as=kept_as,
                ewald_energy_eV=float(energies_eV[index]),
                degeneracy=_count_copies(host, arrangements[index]),
                pair=pair_found,
            )
        )
        position[shell] += 1
    return PlacementResult(
        placements=tuple(placements),
        method=found.method,
        reason=reason,
        n_compared=len(arrangements),
        n_distinct=found.n_orbits,
        n_labelled=found.n_labelled,
        warnings=warnings,
    )


def _derive_seed(seed: Sequence[int], stream: int) -> int:
    return int(np.random.SeedSequence([*seed, stream]).generate_state(1)[0])


def _drop_clashes(
    host: Host, found: ArrangementSet
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Arrangements in which no two ions are nearer than any two can be, and their weights."""
    arrangements, close = found.arrangements, host.sites.too_close
    if not close.any():
        return arrangements, found.weights
    occupied = (arrangements != EMPTY).astype(np.float64)
    clashes = np.einsum("ij,ij->i", occupied @ close.astype(np.float64), occupied)
    return arrangements[clashes < 0.5], found.weights[clashes < 0.5]


def _add_low_energy(
    host: Host,
    arrangements: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    states: Mapping[str, int],
    rule: SelectionRule,
    seed: Sequence[int],
) -> NDArray[np.str_]:
    """Append arrangements that an annealed search finds and the draws did not."""
    found = sample_low_energy(
        host.sites,
        host.symbols,
        moves,
        states=states,
        n_keep=rule.n_keep,
        n_sweeps=rule.n_samples,
        n_chains=_N_CHAINS,
        seed=_derive_seed(seed, 2),
    )
    # Equal energies to 1e-6 eV are equivalent arrangements, but for accidents.
    known = set(_compute_energies(host, arrangements, states).tolist())
    new = [kept.symbols for kept in found.kept if kept.ewald_energy_eV not in known]
    return np.concatenate([arrangements, np.array(new)]) if new else arrangements


def _add_low_energy_by_shell(
    host: Host,
    arrangements: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    states: Mapping[str, int],
    rule: SelectionRule,
    seed: Sequence[int],
    pair: tuple[str, str],
) -> NDArray[np.str_]:
    """Append low-energy arrangements for every distance of a pair, the pair held in place.

    A search of the whole space finds the lowest energy, where opposite defects are close; the far
    shells, which binding energies refer to, need a search of their own.
    """
    new: list[NDArray[np.str_]] = []
    for stream, fixed in enumerate(fix_pairs(host, arrangements, moves, pair, rule.max_shells)):
        found = sample_low_energy(
            host.sites,
            fixed.symbols,
            fixed.moves,
            states=states,
            n_keep=rule.n_keep,
            n_sweeps=rule.n_samples,
            n_chains=_N_CHAINS,
            seed=_derive_seed(seed, 3 + stream),
        )
        new += [kept.symbols for kept in found.kept]
    known = {row.tobytes() for row in arrangements}
    unknown = {row.tobytes(): row for row in new if row.tobytes() not in known}
    if not unknown:
        return arrangements
    return np.concatenate([arrangements, np.array(list(unknown.values()))])


def _compute_energies(
    host: Host, arrangements: NDArray[np.str_], states: Mapping[str, int]
) -> NDArray[np.float64]:
    charges = np.zeros(arrangements.shape)
    for element, state in states.items():
        charges[arrangements == element] = state
    # Rounded, so that the order of equivalent arrangements does not depend on the last bits.
    return np.round(compute_ewald_energies(host.sites.ewald_matrix, charges), _ENERGY_DECIMALS)


def _count_copies(host: Host, symbols: NDArray[np.str_]) -> int:
    labels = list(zip(symbols.tolist(), host.sublattice_of.tolist(), strict=True))
    return host.permutations.n_operations // host.permutations.stabilizer(labels).n_operations


def _choose(
    order: NDArray[np.int64],
    pairs: Sequence[DefectPair] | None,
    rule: SelectionRule,
    seed: int,
    weights: NDArray[np.float64],
) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """Choose indices to keep, each with why; those that have weights are a fair sample."""
    warnings: list[str] = []
    if pairs is None:
        chosen = [(int(index), "lowest energy") for index in order[: rule.n_keep]]
        if len(order) < rule.n_keep:
            warnings.append(f"{rule.n_keep} arrangements were asked, {len(order)} were found")
    else:
        chosen, n_reached, n_kept = _choose_by_shell(order, pairs, rule)
        if n_reached < pairs[0].n_shells or n_kept < n_reached:
            warnings.append(
                f"{pairs[0].n_shells} distances of {pairs[0].first} and {pairs[0].second} exist, "
                f"{n_reached} are the nearest pair of an arrangement compared, {n_kept} are kept"
            )
    if rule.n_random:
        pool = np.setdiff1d(np.arange(len(weights)), [index for index, _ in chosen])
        n_random = min(rule.n_random, len(pool))
        if n_random:
            chance = weights[pool] / weights[pool].sum()
            drawn = np.random.default_rng(seed).choice(pool, n_random, replace=False, p=chance)
            chosen += [(int(index), "random") for index in drawn]
        if n_random < rule.n_random:
            warnings.append(
                f"{rule.n_random} random arrangements were asked, {n_random} more were found"
            )
    return chosen, tuple(warnings)


def _choose_by_shell(
    order: NDArray[np.int64], pairs: Sequence[DefectPair], rule: SelectionRule
) -> tuple[list[tuple[int, str]], int, int]:
    """Lowest arrangements of the nearest shells and the farthest; how many there are and stay."""
    by_shell: dict[int, list[int]] = {}
    for index in order:
        by_shell.setdefault(pairs[index].shell, []).append(int(index))
    reached = sorted(by_shell)
    kept = (
        reached
        if len(reached) <= rule.max_shells
        else [*reached[: rule.max_shells - 1], reached[-1]]
    )
    chosen = [
        (index, f"lowest energy of shell {shell}")
        for shell in kept
        for index in by_shell[shell][: rule.n_keep]
    ]
    return chosen, len(reached), len(kept)
