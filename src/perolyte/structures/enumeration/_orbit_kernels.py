"""Compiled search for the smallest word among the images of an arrangement under a group.

A word lists, stage by stage, the sites that the stage selects, rising within a stage. Words are
compared stage by stage: the set that holds the smallest site not in both is the smaller one. The
smallest word of an orbit stands for it. Its beginnings are smallest in their own orbits, so that
growing smallest words site by site, and dropping every other one, reaches each orbit once (orderly
generation, R. C. Read, doi 10.1016/S0167-5060(08)70325-X).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["extend_words", "find_smallest_words", "list_transporters"]


@njit(cache=True, nogil=True)
def list_transporters(
    permutations: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """List, for each site, the operations that take it to the smallest site of its orbit.

    Returns that smallest site, ``(n_sites,)``, and the operations of site ``i`` as
    ``operations[bounds[i] : bounds[i + 1]]``. Only these can make a word smaller.
    """
    n_operations, n_sites = permutations.shape
    lowest = np.arange(n_sites).astype(np.int32)
    for operation in range(n_operations):
        for site in range(n_sites):
            lowest[site] = min(lowest[site], permutations[operation, site])
    bounds = np.zeros(n_sites + 1, dtype=np.int64)
    for operation in range(n_operations):
        for site in range(n_sites):
            if permutations[operation, site] == lowest[site]:
                bounds[site + 1] += 1
    for site in range(n_sites):
        bounds[site + 1] += bounds[site]
    operations = np.empty(bounds[n_sites], dtype=np.int32)
    filled = bounds[:-1].copy()
    for operation in range(n_operations):
        for site in range(n_sites):
            if permutations[operation, site] == lowest[site]:
                operations[filled[site]] = operation
                filled[site] += 1
    return lowest, bounds, operations


@njit(cache=True, nogil=True)
def _compare_image(
    word: NDArray[np.int32],
    image_of: NDArray[np.int32],
    reference: NDArray[np.int32],
    members: NDArray[np.bool_],
    starts: NDArray[np.int64],
    depth: int,
    hit: NDArray[np.int64],
    stamp: NDArray[np.int64],
) -> int:
    """-1, 0, 1 as the image of a word is smaller than, equal to, larger than a reference word.

    ``members[stage, site]`` tells the reference's sites; ``hit`` and ``stamp`` are scratch.
    """
    n_sites = len(image_of)
    for stage in range(len(starts) - 1):
        start, stop = starts[stage], min(starts[stage + 1], depth)
        if start >= stop:
            break
        stamp[0] += 1
        lowest_new = n_sites
        for place in range(start, stop):
            site = image_of[word[place]]
            if members[stage, site]:
                hit[site] = stamp[0]
            elif site < lowest_new:
                lowest_new = site
        if lowest_new == n_sites:
            continue
        for place in range(start, stop):
            if hit[reference[place]] != stamp[0]:
                return -1 if lowest_new < reference[place] else 1
    return 0


@njit(cache=True, nogil=True)
def _count_stabilizer(
    word: NDArray[np.int32],
    members: NDArray[np.bool_],
    starts: NDArray[np.int64],
    depth: int,
    permutations: NDArray[np.int32],
    lowest: NDArray[np.int32],
    bounds: NDArray[np.int64],
    operations: NDArray[np.int32],
    hit: NDArray[np.int64],
    stamp: NDArray[np.int64],
) -> int:
    """Operations that leave a word unchanged; 0 when the word is not the smallest of its orbit."""
    stop = min(starts[1], depth)
    for place in range(stop):
        if lowest[word[place]] < word[0]:
            return 0
    n_fixing = 0
    for place in range(stop):
        site = word[place]
        if lowest[site] != word[0]:
            continue
        for at in range(bounds[site], bounds[site + 1]):
            order = _compare_image(
                word, permutations[operations[at]], word, members, starts, depth, hit, stamp
            )
            if order < 0:
                return 0
            if order == 0:
                n_fixing += 1
    return n_fixing


@njit(cache=True, nogil=True)
def extend_words(
    words: NDArray[np.int32],
    depth: int,
    stage: int,
    starts: NDArray[np.int64],
    initial: NDArray[np.int64],
    rules: NDArray[np.int64],
    permutations: NDArray[np.int32],
    lowest: NDArray[np.int32],
    bounds: NDArray[np.int64],
    operations: NDArray[np.int32],
    capacity: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Append one site of ``stage`` to smallest words of ``depth`` sites, in all smallest ways.

    ``initial`` holds the state of each site before the first stage; row ``(from, to, rest)`` of
    ``rules`` says that a stage selects among sites in state ``from``, that the selected ones
    become ``to``, and the others ``rest`` once the stage is complete. Returns the words of one
    more site, rising, and the order of their stabilizers; stops one above ``capacity`` words.
    """
    n_sites = len(initial)
    grown = np.empty((capacity + 1, depth + 1), dtype=np.int32)
    fixing = np.empty(capacity + 1, dtype=np.int64)
    word = np.empty(depth + 1, dtype=np.int32)
    members = np.zeros((len(starts) - 1, n_sites), dtype=np.bool_)
    states = np.empty(n_sites, dtype=np.int64)
    hit = np.zeros(n_sites, dtype=np.int64)
    stamp = np.zeros(1, dtype=np.int64)
    n_grown = 0
    for index in range(len(words)):
        word[:depth] = words[index]
        states[:] = initial
        members[:] = False
        for earlier in range(stage + 1):
            stop = min(starts[earlier + 1], depth)
            for place in range(starts[earlier], stop):
                members[earlier, word[place]] = True
            for site in range(n_sites):
                if states[site] == rules[earlier, 0]:
                    if members[earlier, site]:
                        states[site] = rules[earlier, 1]
                    elif earlier < stage:
                        states[site] = rules[earlier, 2]
        first = word[depth - 1] + 1 if depth > starts[stage] else 0
        for site in range(first, n_sites):
            if states[site] != rules[stage, 0]:
                continue
            word[depth] = site
            members[stage, site] = True
            n_fixing = _count_stabilizer(
                word, members, starts, depth + 1, permutations, lowest, bounds, operations,
                hit, stamp,
            )  # fmt: skip
            members[stage, site] = False
            if n_fixing > 0:
                grown[n_grown] = word
                fixing[n_grown] = n_fixing
                n_grown += 1
                if n_grown > capacity:
                    return grown[:n_grown], fixing[:n_grown]
    return grown[:n_grown], fixing[:n_grown]


@njit(cache=True, nogil=True)
def find_smallest_words(
    words: NDArray[np.int32],
    starts: NDArray[np.int64],
    permutations: NDArray[np.int32],
    lowest: NDArray[np.int32],
    bounds: NDArray[np.int64],
    operations: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Smallest word of the orbit of each word, and the order of its stabilizer."""
    n_words, depth = words.shape
    n_sites = permutations.shape[1]
    n_stages = len(starts) - 1
    smallest = np.empty_like(words)
    fixing = np.zeros(n_words, dtype=np.int64)
    members = np.zeros((n_stages, n_sites), dtype=np.bool_)
    hit = np.zeros(n_sites, dtype=np.int64)
    stamp = np.zeros(1, dtype=np.int64)
    for index in range(n_words):
        word, best = words[index], smallest[index]
        first = lowest[word[0]]
        for place in range(starts[1]):
            first = min(first, lowest[word[place]])
        for place in range(starts[1]):
            site = word[place]
            if lowest[site] != first:
                continue
            for at in range(bounds[site], bounds[site + 1]):
                image_of = permutations[operations[at]]
                order = -1
                if fixing[index] > 0:
                    order = _compare_image(word, image_of, best, members, starts, depth, hit, stamp)
                if order == 0:
                    fixing[index] += 1
                if order < 0:
                    members[:] = False
                    for stage in range(n_stages):
                        for spot in range(starts[stage], starts[stage + 1]):
                            best[spot] = image_of[word[spot]]
                            members[stage, best[spot]] = True
                        best[starts[stage] : starts[stage + 1]].sort()
                    fixing[index] = 1
    return smallest, fixing
