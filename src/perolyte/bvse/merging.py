"""Merging of basins that are too shallow to be sites."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.basins import Basins
from perolyte.errors import InputError

__all__ = ["Contact", "MergedBasins", "merge_shallow_basins"]

Image = tuple[int, int, int]


@dataclass(frozen=True, order=True)
class Contact:
    """Lowest contact of two basins.

    Attributes
    ----------
    energy_eV : float
        The higher of the two voxels that touch, eV.
    voxel : int
        Flat index of that voxel.
    voxel_in_second : bool
        Whether it belongs to the second basin of the pair.
    """

    energy_eV: float
    voxel: int
    voxel_in_second: bool


@dataclass(frozen=True, eq=False)
class MergedBasins:
    """Basins after merging, numbered from the deepest.

    Attributes
    ----------
    labels : ndarray of int
        (n_voxels,), flat C order; -1 above the energy limit.
    copies : ndarray of int
        (n_voxels, 3), cell of the minimum that the voxel in cell 0 belongs to.
    minima : ndarray of int
        (n_basins,), flat index of the lowest voxel.
    contacts : dict
        (first, second, image) to :class:`Contact`, first <= second, sorted by these keys; of a
        basin and its own image only one direction.
    """

    labels: NDArray[np.int32]
    copies: NDArray[np.int32]
    minima: NDArray[np.int64]
    contacts: dict[tuple[int, int, Image], Contact]


def merge_shallow_basins(
    basins: Basins, energies_eV: NDArray[np.floating], *, merge_below_eV: float
) -> MergedBasins:
    """Merge each basin into its neighbour across its lowest saddle, shallowest first.

    A basin is merged when its lowest saddle lies at most ``merge_below_eV`` above its minimum, and
    leads to a deeper one. One that percolates by itself below that saddle (a channel of its own)
    is kept. With this rule nothing that lies above the saddle changes: the energies at which the
    network percolates, and the lowest barriers between the sites that remain, are those of the
    grid for any value of ``merge_below_eV``. With 0 only plateaus are merged.

    Parameters
    ----------
    basins : Basins
        From :func:`perolyte.bvse.basins.flood_basins`.
    energies_eV : ndarray
        (n_a, n_b, n_c), eV.
    merge_below_eV : float
        Depth, eV, zero or more.

    Returns
    -------
    MergedBasins
        Sites, numbered by energy (to 1 µeV, then by voxel).

    Raises
    ------
    InputError
        When the depth is negative or no number.
    """
    if not 0.0 <= merge_below_eV < np.inf:
        raise InputError(f"merge_below_eV is {merge_below_eV} eV; give 0 eV or more, e.g. 0.025")
    flat = np.asarray(energies_eV).reshape(-1)
    depths = [float(flat[voxel]) for voxel in basins.minima]
    graph = _Graph(basins, depths)
    queue = [item for node in range(len(depths)) if (item := graph.rate(node)) is not None]
    heapq.heapify(queue)
    while queue:
        item = heapq.heappop(queue)
        if item[0] > merge_below_eV:
            break
        node = item[2]
        if node in graph.parents or graph.rate(node) != item:
            continue  # superseded: the entry that counts is also in the queue
        for changed in graph.merge(node, item[3], item[4]):
            rated = graph.rate(changed)
            if rated is not None:
                heapq.heappush(queue, rated)
    return _number_sites(basins, graph, depths)


class _Graph:
    """Basins and their contacts, each contact stored from both of its ends."""

    def __init__(self, basins: Basins, depths: list[float]) -> None:
        self.depths = depths
        self.minima = [int(voxel) for voxel in basins.minima]
        self.parents: dict[int, tuple[int, Image]] = {}
        self.links: list[dict[tuple[int, Image], Contact]] = [{} for _ in depths]
        found = basins.meetings
        for row in range(len(found.first)):
            first, second = int(found.first[row]), int(found.second[row])
            image = _image(found.image[row])
            contact = Contact(
                float(found.energy_eV[row]), int(found.voxel[row]), bool(found.voxel_in_second[row])
            )
            self.add(first, second, image, contact)

    def add(self, first: int, second: int, image: Image, contact: Contact) -> None:
        """Keep the lower contact of a pair."""
        present = self.links[first].get((second, image))
        if present is not None and present <= contact:
            return
        self.links[first][second, image] = contact
        turned = Contact(contact.energy_eV, contact.voxel, not contact.voxel_in_second)
        self.links[second][first, _negative(image)] = turned

    def rate(self, node: int) -> tuple[float, int, int, int, Image] | None:
        """Depth below the lowest saddle, and where it leads; None when it must stay."""
        lowest: tuple[Contact, int, Image] | None = None
        own_image = np.inf
        for (other, image), contact in self.links[node].items():
            if other == node:
                own_image = min(own_image, contact.energy_eV)
            elif lowest is None or (contact, other, image) < lowest:
                lowest = (contact, other, image)
        if lowest is None or own_image < lowest[0].energy_eV:
            return None
        contact, other, image = lowest
        if (self.depths[other], self.minima[other]) > (self.depths[node], self.minima[node]):
            return None
        persistence = contact.energy_eV - self.depths[node]
        return persistence, self.minima[node], node, other, image

    def merge(self, node: int, target: int, image: Image) -> list[int]:
        """Give the contacts of a basin to ``target``; return the basins that changed."""
        self.parents[node] = (target, image)
        links, self.links[node] = self.links[node], {}
        for (other, offset), contact in links.items():
            if other == node:
                self.add(target, target, offset, contact)
                continue
            del self.links[other][node, _negative(offset)]
            shifted = _subtract(offset, image)
            if other != target or any(shifted):
                self.add(target, other, shifted, contact)
        return sorted({target, *(other for other, _ in links)} - {node})

    def find(self, node: int) -> tuple[int, Image]:
        """Basin that a merged one belongs to, and the cell offset to it."""
        total: Image = (0, 0, 0)
        while node in self.parents:
            node, image = self.parents[node]
            total = (total[0] + image[0], total[1] + image[1], total[2] + image[2])
        return node, total


def _number_sites(basins: Basins, graph: _Graph, depths: list[float]) -> MergedBasins:
    kept = [node for node in range(len(depths)) if node not in graph.parents]
    # Equivalent sites differ in their last digits; the order must not follow those.
    kept.sort(key=lambda node: (round(depths[node], 6), graph.minima[node]))
    numbers = {node: number for number, node in enumerate(kept)}
    found = [graph.find(node) for node in range(len(depths))]
    # One more entry, so that the label -1 of a voxel without a basin maps to itself.
    new_labels = np.array([*(numbers[node] for node, _ in found), -1], dtype=np.int32)
    shifts = np.array([*(image for _, image in found), (0, 0, 0)], dtype=np.int32)
    contacts: dict[tuple[int, int, Image], Contact] = {}
    for node in kept:
        for (other, image), contact in graph.links[node].items():
            key = (numbers[node], numbers[other], image)
            if key[:2] < (key[1], key[0]) or (key[0] == key[1] and image > (0, 0, 0)):
                contacts[key] = contact
    return MergedBasins(
        labels=new_labels[basins.labels],
        copies=basins.copies + shifts[basins.labels],
        minima=np.array([graph.minima[node] for node in kept], dtype=np.int64),
        contacts=dict(sorted(contacts.items())),
    )


def _image(values: NDArray[np.int64]) -> Image:
    return int(values[0]), int(values[1]), int(values[2])


def _negative(image: Image) -> Image:
    return -image[0], -image[1], -image[2]


def _subtract(left: Image, right: Image) -> Image:
    return left[0] - right[0], left[1] - right[1], left[2] - right[2]
