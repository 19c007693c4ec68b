"""The trust card of a potential: one HTML page that says what it can be asked for."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from perolyte.files import replace_file
from perolyte.reports.figures import render_figure
from perolyte.reports.text import (
    DASH,
    finite_or_none,
    format_given,
    format_significant,
    format_with_error,
    formula_html,
)
from perolyte.reports.trust_advice import describe_training_data, list_advice
from perolyte.reports.trust_figures import TRUST_FIGURES
from perolyte.schemas import CheckDescription, CheckNumber, PotentialDoc, ValidationDoc

__all__ = ["trust_card_html", "write_trust_card"]

_CHIPS: Final = {
    "pass": ("passes", "✓"),
    "warn": ("doubtful", "!"),
    "fail": ("fails", "✗"),
    "not run": ("not run", "–"),
}
"""Words and signs: colour alone tells nothing."""
_OWN_WORDS: Final = frozenset({"conservation", "elasticity", "lithium_hop", "oxygen_hop"})
_DIGITS: Final = 4
"""Of a number without an error; a lattice parameter needs that many."""


def write_trust_card(
    validation: ValidationDoc, path: str | Path, *, training: PotentialDoc | None = None
) -> Path:
    """Write :func:`trust_card_html` to a file, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    return replace_file(path, trust_card_html(validation, training=training))


def trust_card_html(validation: ValidationDoc, *, training: PotentialDoc | None = None) -> str:
    """Return the page: verdicts, where not to trust it, every number beside its reference.

    Parameters
    ----------
    validation
        Of any potential.
    training
        Document of its training, with errors on every split and the learning curve.
    """
    environment = Environment(
        loader=PackageLoader("perolyte.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    provenance = validation.provenance
    made = [check for check in validation.checks if check.verdict != "not run"]
    return environment.get_template("trust_card.html.j2").render(
        validation=validation,
        training=training,
        provenance=provenance,
        created=f"{provenance.created_at:%Y-%m-%d %H:%M:%S %Z}".strip(),
        title=_name_potential(validation, training),
        headline=_write_headline(validation),
        chips=_CHIPS,
        advice=list_advice(validation, training),
        data=describe_training_data(validation, training),
        rows=[
            (check, _write_name(check, check.subject.replace("_", " ")))
            for check in validation.checks
        ],
        checks=[_describe_check(check) for check in made],
        left_out=[check for check in validation.checks if check.verdict == "not run"],
        splits=[] if training is None else _describe_splits(training),
        figures=_embed_figures(validation, training),
        seconds=f"{validation.seconds:.0f} s",
        dash=DASH,
    )


def _name_potential(validation: ValidationDoc, training: PotentialDoc | None) -> str:
    if training is not None:
        return training.name
    known = validation.provenance.potential
    return validation.potential if known is None else f"{known.name} {known.version or ''}".strip()


def _write_headline(validation: ValidationDoc) -> str:
    counts = {
        verdict: sum(check.verdict == verdict for check in validation.checks) for verdict in _CHIPS
    }
    made = sum(counts.values()) - counts["not run"]
    if not made:
        return "No check could be made of this potential."
    words = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}"
        for verdict, one, many in (
            ("pass", "passes", "pass"),
            ("warn", "is doubtful", "are doubtful"),
            ("fail", "fails", "fail"),
        )
        if counts[verdict]
    ]
    return f"Of {made} check{'' if made == 1 else 's'}, {', '.join(words)}."


def _describe_check(check: CheckDescription) -> dict[str, Any]:
    # a number that is not judged comes after those that are
    ordered = sorted(check.numbers, key=lambda number: number.verdict is None)
    return {
        "check": check,
        "numbers": [_describe_number(check, number) for number in ordered],
        "sources": _collect_sources(ordered),
        "subject": _write_name(check, check.subject.replace("_", " ")),
    }


def _collect_sources(numbers: Sequence[CheckNumber]) -> list[str]:
    """Return each source once, behind the numbers that it is for where there are several."""
    found: dict[str, list[str]] = {}
    for number in numbers:
        if number.source:
            found.setdefault(number.source, []).append(number.name)
    if len(found) < 2:
        return list(found)
    return [f"{', '.join(names)}: {source}" for source, names in found.items()]


def _write_name(check: CheckDescription, text: str) -> str | Markup:
    """Write formulas with subscripts where the words are the suite's own, not a user's."""
    return formula_html(text) if check.name in _OWN_WORDS else text


def _describe_number(check: CheckDescription, number: CheckNumber) -> dict[str, Any]:
    return {
        "number": number,
        "name": _write_name(check, number.name),
        "value": format_value(number.value, number.error),
        "reference": DASH
        if number.reference is None
        else format_with_error(number.reference, number.reference_error)
        if number.reference_error
        else format_given(float(f"{number.reference:.5g}")),
        "deviation": _write_deviation(number),
        "unit": number.unit,
    }


def format_value(value: float | None, error: float | None) -> str:
    """Write a number with its error, or with four digits where it has none.

    Examples
    --------
    >>> format_value(282.46, 8.1), format_value(3.944874, None), format_value(None, None)
    ('282(8)', '3.945', '—')
    >>> format_value(-9.6e-6, 5.5e-5)
    '−1(6)×10⁻⁵'
    """
    value, error = finite_or_none(value), finite_or_none(error)
    if value is None:
        return DASH
    if error:
        return format_with_error(value, error).replace("-", "−")
    return format_significant(value, _DIGITS).replace("-", "−")


def _write_deviation(number: CheckNumber) -> str:
    value = finite_or_none(number.value)
    if value is None or number.reference is None:
        return DASH
    if number.reference:
        return f"{100 * (value / number.reference - 1):+.1f} %".replace("-", "−")
    return f"{value - number.reference:+.3g} {number.unit}".replace("-", "−").strip()


def _describe_splits(training: PotentialDoc) -> list[dict[str, str]]:
    rows = []
    for split, errors in training.errors.items():
        before = training.errors_before.get(split)
        pairs = (
            ("energy", "energy_mae_meV_atom"),
            ("force", "force_mae_meV_A"),
            ("stress", "stress_mae_GPa"),
        )
        row = {"split": split.replace("_", " "), "n_frames": str(errors.n_frames)}
        for name, field in pairs:
            row[name] = _write_change(
                None if before is None else getattr(before, field), getattr(errors, field)
            )
        old = None if before is None else before.softening_slope
        row["slope"] = _write_change(
            old, errors.softening_slope, error=errors.softening_slope_error
        )
        rows.append(row)
    return rows


def _write_change(before: float | None, after: float | None, *, error: float | None = None) -> str:
    old, new = format_significant(before, 3), format_value(after, error)
    if after is not None and error is None:
        new = format_significant(after, 3)
    return new if before is None else f"{old} → {new}"


def _embed_figures(
    validation: ValidationDoc, training: PotentialDoc | None
) -> Sequence[dict[str, str]]:
    """Return figures as data addresses, with words for those who do not see them."""
    embedded = []
    for draw in TRUST_FIGURES:
        drawn = draw(validation, training)
        if drawn is None:
            continue
        data = base64.b64encode(render_figure(drawn.figure, "svg")).decode("ascii")
        embedded.append(
            {
                "source": f"data:image/svg+xml;base64,{data}",
                "alt": drawn.words,
                "caption": drawn.caption,
            }
        )
    return embedded
