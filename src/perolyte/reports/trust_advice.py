"""Where not to trust a potential, in words that follow from its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from perolyte.schemas import CheckDescription, PotentialDoc, ValidationDoc

__all__ = ["describe_training_data", "list_advice"]

_CHGNET: Final = {
    "data": "trajectories of the relaxations of the Materials Project (MPtrj): PBE and PBE+U, "
    "energies with the MP2020 corrections, doi 10.1038/s42256-023-00716-3",
    "range": "mostly near equilibrium: surfaces, barriers, defects and hot melts are "
    "extrapolation, where universal potentials are systematically too soft "
    "(doi 10.1038/s41524-024-01500-6)",
}
_SLOPE: Final = 0.03


def describe_training_data(
    validation: ValidationDoc, training: PotentialDoc | None
) -> list[tuple[str, str]]:
    """Return what is known of what the potential has learned from, as terms and words."""
    if training is not None:
        start = f"{training.start.get('name', '')} {training.start.get('version', '')}".strip()
        frames = training.errors.get("train")
        rows = [
            ("started from", start or "random weights"),
            ("elements", ", ".join(training.elements)),
            ("labels", training.label_engine or "not stated"),
            ("data, SHA-256", training.data_sha256),
            ("best epoch", f"{training.best_epoch} of {len(training.curve)}"),
        ]
        if frames is not None:
            rows.insert(1, ("frames", f"{frames.n_frames} ({frames.n_atoms} atoms)"))
        return rows
    if _is_pretrained(validation):
        return [("data", _CHGNET["data"]), ("range", _CHGNET["range"])]
    return [("data", "not stated: no document of its training was given")]


def list_advice(validation: ValidationDoc, training: PotentialDoc | None) -> list[str]:
    """Return sentences on what not to ask the potential for; never empty."""
    found = [*_read_checks(validation), *_read_training(validation, training)]
    found.append(
        "No number here carries an uncertainty of the potential for your own structures: a "
        "committee, or labels of your own, gives one."
    )
    return found


def _read_checks(validation: ValidationDoc) -> Iterator[str]:
    for check in validation.checks:
        explain = _EXPLANATIONS.get(check.name)
        if explain is not None and check.verdict in ("warn", "fail"):
            yield from explain(check)


def _read_training(validation: ValidationDoc, training: PotentialDoc | None) -> Iterator[str]:
    if training is not None:
        yield (
            f"Trained on {', '.join(training.elements)} alone: other elements have what was left "
            "of the starting weights."
        )
        yield from (f"{text[:1].upper()}{text[1:]}." for text in training.warnings)
    elif _is_pretrained(validation):
        yield f"Trained {_CHGNET['range']}."
    if not any(check.verdict != "not run" for check in validation.find("labels")):
        yield (
            "It was not compared with labels here: its errors on your chemistry are not known "
            "before they are measured."
        )


def _is_pretrained(validation: ValidationDoc) -> bool:
    known = validation.provenance.potential
    return known is not None and known.name == "CHGNet" and (known.version or "").startswith("0.3.")


def _explain_elasticity(check: CheckDescription) -> Iterator[str]:
    soft = [
        f"{number.name} ({100 * (number.value / number.reference - 1):+.0f} %)".replace("-", "−")
        for number in check.numbers
        if number.verdict in ("warn", "fail")
        and number.value is not None
        and number.reference
        and number.value < number.reference
    ]
    if soft:
        yield (
            f"{check.subject} is too soft: {', '.join(soft)}. Stresses and phonon frequencies "
            "from it are too low in the same way."
        )
    stability = check.find("Born stability")
    if stability is not None and stability.verdict == "fail":
        yield f"{check.subject} is mechanically unstable in it."


def _explain_hop(check: CheckDescription) -> Iterator[str]:
    barrier = check.find("barrier")
    if barrier is None or barrier.value is None or barrier.reference is None:
        yield f"The hop of {check.subject} could not be found: {check.reason}."
        return
    side, effect = ("below", "fast") if barrier.value < barrier.reference else ("above", "slow")
    yield (
        f"The barrier of {check.subject} is {barrier.value:.2f} eV, "
        f"{abs(barrier.value - barrier.reference):.2f} eV {side} the reference: if the reference "
        f"holds for your crystal, diffusion is too {effect}."
    )


def _explain_lattice(check: CheckDescription) -> Iterator[str]:
    off = [
        f"{number.name} ({100 * (number.value / number.reference - 1):+.1f} %)".replace("-", "−")
        for number in check.numbers
        if number.verdict in ("warn", "fail") and number.value is not None and number.reference
    ]
    if off:
        yield f"Lattice parameters are off in {', '.join(off)}."


def _explain_labels(check: CheckDescription) -> Iterator[str]:
    slope = check.find("softening slope")
    if slope is not None and slope.value is not None and abs(slope.value - 1) > _SLOPE:
        word = "soft: barriers too low" if slope.value < 1 else "stiff: barriers too high"
        yield (
            f"Forces on {check.subject} are {slope.value:.2f} of the labels', so that it is too "
            f"{word}."
        )
    for name in ("energy MAE", "energy MAE without offsets", "force MAE"):
        number = check.find(name)
        if number is not None and number.verdict == "fail" and number.value is not None:
            yield f"{name} on {check.subject} is {number.value:.3g} {number.unit}."


def _explain_conservation(check: CheckDescription) -> Iterator[str]:
    yield f"Dynamics of {check.subject}: {check.reason}."


_EXPLANATIONS: Final[dict[str, Callable[[CheckDescription], Iterator[str]]]] = {
    "elasticity": _explain_elasticity,
    "lithium_hop": _explain_hop,
    "oxygen_hop": _explain_hop,
    "lattice": _explain_lattice,
    "labels": _explain_labels,
    "conservation": _explain_conservation,
}
