"""How dopants, vacancies and cells are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perolyte.errors import InputError
from perolyte.structures import ALL_COMPENSATIONS, Dopant, Doping, Vacancy

__all__ = [
    "parse_counts",
    "parse_doping",
    "parse_roles",
    "parse_supercell",
    "parse_vacancy",
]

# Digits are those of ASCII, and few enough for every number that comes of them.
_DOPANT = re.compile(
    r"(?P<element>[A-Z][a-z]?)(?P<charge>[1-9]?[+-])?(?:@(?P<host>[A-Z][a-z]?))?"
    r"=(?P<amount>[0-9.]{1,15})(?P<percent>%)?(?:/(?P<basis>\w+))?"
)
_DOPANT_EXAMPLE = "'Sr2+=2' (2 atoms), 'Al3+@Ti=5%/B_sites', or 'Al3+=1,Nb5+=1' for co-doping"
_COUNT = re.compile(r"(?P<element>[A-Z][a-z]?)=(?P<count>[+-]?[0-9]{1,9})")
_SUPERCELL = re.compile(r"(100|[1-9][0-9]?)[x,](100|[1-9][0-9]?)[x,](100|[1-9][0-9]?)")


def parse_doping(text: str, *, scheme: str, pair: tuple[str, str] | None = None) -> Doping:
    """Read a doping: dopants joined by commas, each ``ELEMENT[CHARGE][@HOST]=AMOUNT[/BASIS]``.

    Examples
    --------
    >>> parse_doping("Al3+@Ti=5%/B_sites", scheme="A1").dopants[0].fraction
    0.05
    """
    return Doping(
        tuple(_parse_dopant(part, text) for part in text.split(",")), scheme=scheme, pair=pair
    )


def _parse_dopant(part: str, text: str) -> Dopant:
    found = _DOPANT.fullmatch(part.strip())
    if found is None:
        raise InputError(f"--dopant {text!r} is not understood; write e.g. {_DOPANT_EXAMPLE}")
    try:
        amount = float(found["amount"])
    except ValueError:
        raise InputError(
            f"--dopant {text!r}: {found['amount']} is no number; write e.g. {_DOPANT_EXAMPLE}"
        ) from None
    is_count = found["basis"] is None
    if is_count and (found["percent"] or not amount.is_integer()):
        raise InputError(
            f"--dopant {text!r}: a fraction needs what it is counted on, /A_sites, /B_sites, "
            f"/element or /formula_unit; write e.g. {_DOPANT_EXAMPLE}"
        )
    dopant = Dopant(
        found["element"],
        oxidation_state=_parse_charge(found["charge"]),
        host=found["host"],
        count=int(amount) if is_count else None,
        fraction=None if is_count else amount / 100.0 if found["percent"] else amount,
        basis=found["basis"],
    )
    try:
        dopant.charge  # noqa: B018 (whether there is one)
    except InputError as err:
        element = found["element"]
        raise InputError(
            f"--dopant {text!r}: {element} has no single common oxidation state; write it after "
            f"the element, e.g. {element}3+={found['amount']}"
        ) from err
    return dopant


def _parse_charge(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text[-1] + (text[:-1] or "1"))


def parse_vacancy(text: str, *, pair: tuple[str, str] | None = None) -> Vacancy:
    """Read a vacancy: ``O=1`` finds its compensation, ``O=1,Li=2`` names it.

    Examples
    --------
    >>> parse_vacancy("O=1,Li=2").name
    'VO1-VLi2'
    """
    counts = parse_counts(text, option="--vacancy", example="'O=1' or 'O=1,Li=2'")
    element, *others = counts
    compensation = {other: counts[other] for other in others} if others else ALL_COMPENSATIONS
    return Vacancy(element, counts[element], compensation, pair=pair)


def parse_counts(text: str, *, option: str, example: str) -> dict[str, int]:
    """Read whole numbers by element, ``Li=12,La=20``.

    Examples
    --------
    >>> parse_counts("Li=12,La=20", option="--composition", example="'Li=3'")
    {'Li': 12, 'La': 20}
    """
    counts: dict[str, int] = {}
    for part in text.split(","):
        found = _COUNT.fullmatch(part.strip())
        if found is None or found["element"] in counts:
            what = "is not understood" if found is None else f"names {found['element']} twice"
            raise InputError(f"{option} {text!r} {what}; write e.g. {example}")
        counts[found["element"]] = int(found["count"])
    return counts


def parse_roles(texts: Sequence[str]) -> dict[str, list[str] | str] | None:
    """Read sublattices, ``A=Li,La B=Ti X=O``; None when none is given.

    Examples
    --------
    >>> parse_roles(["A=Li,La", "B=Ti", "X=O"])["A"]
    ['Li', 'La']
    """
    roles: dict[str, list[str] | str] = {}
    for item in (word for text in texts for word in text.split()):
        name, _, elements = item.partition("=")
        listed = elements.split(",")
        is_single = name in ("mobile", "host")
        if not (name and all(listed)) or name in roles or (is_single and len(listed) > 1):
            raise InputError(
                f"--roles {item!r} is not understood; write e.g. --roles 'A=Li,La B=Ti X=O', each "
                "sublattice once and without spaces; mobile and host name one element"
            )
        roles[name] = listed[0] if is_single else listed
    return roles or None


def parse_supercell(text: str) -> tuple[int, int, int] | None:
    """Read repeats, ``3x3x4``; None for ``auto``.

    Examples
    --------
    >>> parse_supercell("3x3x4")
    (3, 3, 4)
    """
    text = text.strip().lower()
    if text == "auto":
        return None
    found = _SUPERCELL.fullmatch(text)
    if found is None:
        raise InputError(
            f"--supercell {text!r} is not understood; write repeats from 1 to 100, e.g. 3x3x4, or "
            "auto with fractions"
        )
    a, b, c = map(int, found.groups())
    return a, b, c
