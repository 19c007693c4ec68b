"""From a campaign file to a checked campaign, or one line that says what is wrong with it."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

from pydantic import ValidationError

from perolyte.campaigns.campaign import Campaign, locate_store
from perolyte.campaigns.messages import describe_validation_error
from perolyte.campaigns.reading import parse_yaml, read_bytes
from perolyte.campaigns.spec import CampaignSpec
from perolyte.errors import InputError
from perolyte.jobs.potentials import fetch_potential
from perolyte.potentials import resolve_potential
from perolyte.potentials.registry import is_potential_uuid
from perolyte.stores import open_store
from perolyte.structures import read_structure

__all__ = ["load_campaign"]

MAX_SITES = 10_000
"""Arrangements are compared by a matrix of pair energies: beyond this it takes gigabytes."""


def load_campaign(path: str | Path) -> Campaign:
    """Read a campaign file and everything it names, and check that each candidate can be made.

    Raises
    ------
    InputError
        One line: the value, what is allowed, what to do.

    Examples
    --------
    >>> load_campaign("no_such_file.yaml")
    Traceback (most recent call last):
        ...
    perolyte.errors.InputError: campaign file no_such_file.yaml does not exist; check the path
    """
    path = Path(path)
    data = read_bytes(path)
    content = parse_yaml(data, path)
    try:
        spec = CampaignSpec.model_validate(content)
    except ValidationError as err:
        raise InputError(f"{path}: {describe_validation_error(err, CampaignSpec)}") from None
    try:
        parent = read_structure(path.parent / spec.parent.structure)
        fetched = _fetch_trained(spec, path)
        campaign = Campaign(path, hashlib.sha256(data).hexdigest(), spec, parent, fetched)
        resolve_potential(campaign.potential, spec.potential.kwargs)
        _check_size(campaign)
        campaign.preview()
        campaign.preview_boundaries()
        campaign.check_md()
    except InputError as err:
        # names from the file are quoted in messages: whatever they hold, the message is one line
        raise InputError(f"{path}: {' '.join(str(err).split())}") from err
    return campaign


def _fetch_trained(spec: CampaignSpec, path: Path) -> Path | None:
    """Return the weights of a trained potential named by uuid, None for any other name."""
    name = spec.potential.name
    if not is_potential_uuid(name):
        return None
    location = locate_store(spec.potential.store or spec.store, path)
    if location is None:
        raise InputError(
            f"potential {name!r} is the uuid of a trained potential; say which store has it "
            "(potential: store)"
        )
    store = open_store(location, create=False)
    try:
        return fetch_potential(name, store)
    finally:
        store.close()


def _check_size(campaign: Campaign) -> None:
    repeats = campaign.spec.parent.supercell
    if repeats == "auto":
        return  # max_atoms bounds it
    n_sites = len(campaign.parent.structure) * math.prod(repeats)
    if n_sites > MAX_SITES:
        raise InputError(
            f"supercell {list(repeats)} has {n_sites} sites, more than {MAX_SITES}; use a smaller "
            "one"
        )
