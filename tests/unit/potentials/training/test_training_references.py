"""Corrected references: exact where labels speak, unmoved where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.potentials.training import correct_atom_references
from perolyte.structures.labelled_frame import LabelledFrame

TRUE_EV = {"Li": 1.2, "La": -3.0, "Sr": 0.6, "Ti": 2.5, "O": -4.0, "Ba": 5.0, "Al": -1.0}


def frame(formula: dict[str, int], miss_eV_atom: float = 0.0) -> LabelledFrame:
    """Return a cell of a composition; its potential energy is taken as 0."""
    symbols = [symbol for symbol, count in formula.items() for _ in range(count)]
    places = np.linspace(0, 1, len(symbols), endpoint=False)
    structure = Structure(Lattice.cubic(20.0), symbols, [[x, x / 2, x / 3] for x in places])
    energy = sum(TRUE_EV[symbol] for symbol in symbols) + miss_eV_atom * len(symbols)
    return LabelledFrame("frame", structure, energy, np.zeros((len(symbols), 3)))


def predicted(shifts: dict[str, float], formula: dict[str, int]) -> float:
    total = sum(shifts.get(symbol, 0.0) * count for symbol, count in formula.items())
    return total / sum(formula.values())


def truth(formula: dict[str, int]) -> float:
    return predicted(TRUE_EV, formula)


OXIDES = [{"Li": 2, "O": 1}, {"La": 2, "O": 3}, {"Ti": 1, "O": 2}, {"Sr": 1, "O": 1}]
OXIDES += [{"Ba": 1, "O": 1}, {"Al": 2, "O": 3}]
LLTO = {"Li": 1, "La": 1, "Ti": 2, "O": 6}
STO = {"Sr": 2, "Ti": 2, "O": 6}
LAO_STO = {"La": 1, "Sr": 1, "Ti": 1, "Al": 1, "O": 6}
LBO = {"La": 1, "Ba": 1, "Ti": 1, "Al": 1, "O": 6}


def test_energies_of_the_compositions_that_were_given_become_right():
    """Whatever the single shifts are: only sums over a composition are seen."""
    frames = [frame(formula) for formula in (LLTO, STO, LAO_STO)]
    found = correct_atom_references(frames, [0.0] * 3)
    for formula in (LLTO, STO, LAO_STO):
        assert predicted(found.shifts_eV, formula) == pytest.approx(truth(formula), abs=1e-3)
    assert found.unknown_combinations  # five elements, three compositions
    assert found.residual_meV_atom < 1.0


def test_a_doped_series_does_not_throw_the_references_away():
    """30 meV/atom over 0.2 % of doping: a plain fit gives tens of eV, this one does not."""
    series = [{"La": 50 - n, "Sr": 50 + n, "Ti": 100, "O": 300} for n in (0, 1)]
    frames = [frame(formula, miss) for formula, miss in zip(series, (0.03, -0.03), strict=True)]
    shares = np.array([[formula[s] / 500 for s in ("La", "Sr", "Ti", "O")] for formula in series])
    energies = np.array([f.energy_per_atom_eV for f in frames])
    plain = np.linalg.pinv(shares) @ energies
    found = correct_atom_references(frames, [0.0, 0.0])
    assert abs(plain[1] - plain[0]) > 20
    assert abs(found.shifts_eV["Sr"] - found.shifts_eV["La"]) < 5
    further = {"La": 40, "Sr": 60, "Ti": 100, "O": 300}
    assert abs(shares[0] @ plain + 10 * (shares[1] - shares[0]) @ plain - truth(further)) > 0.4
    assert predicted(found.shifts_eV, further) == pytest.approx(truth(further), abs=0.2)


def test_binary_oxides_settle_what_perovskites_leave_open():
    """A dopant that no training frame has is right by its oxide."""
    frames = [frame(formula) for formula in (LLTO, STO, LAO_STO)]
    oxides = [frame(formula) for formula in OXIDES]
    alone = correct_atom_references(frames, [0.0] * 3)
    found = correct_atom_references(
        frames, [0.0] * 3, references=oxides, reference_energies_eV=[0.0] * len(oxides)
    )
    assert "Ba" not in alone.shifts_eV
    # neutral compounds never tell the oxidation states from zero, and never need to
    (charges,) = found.unknown_combinations
    states = {"Li": 1, "La": 3, "Ti": 4, "Sr": 2, "Ba": 2, "Al": 3, "O": -2}
    size = np.sqrt(sum(state**2 for state in states.values()))
    assert charges == pytest.approx({s: state / size for s, state in states.items()}, abs=0.01)
    assert predicted(found.shifts_eV, LBO) == pytest.approx(truth(LBO), abs=0.01)


def test_oxides_that_are_off_do_not_move_the_training_compositions():
    frames = [frame(formula, miss) for formula in (LLTO, STO) for miss in (-0.002, 0.0, 0.002)]
    oxides = [frame(formula, 0.1) for formula in OXIDES[:4]]
    found = correct_atom_references(
        frames, [0.0] * 6, references=oxides, reference_energies_eV=[0.0] * 4
    )
    for formula in (LLTO, STO):
        assert predicted(found.shifts_eV, formula) == pytest.approx(truth(formula), abs=0.002)


def test_what_no_label_speaks_of_is_named_and_unmoved():
    found = correct_atom_references([frame({"Ti": 1, "O": 2})], [0.0])
    (combination,) = found.unknown_combinations
    assert combination == {
        "Ti": pytest.approx(0.894, abs=2e-3),
        "O": pytest.approx(-0.447, abs=2e-3),
    }
    along = 0.894 * found.shifts_eV["Ti"] - 0.447 * found.shifts_eV["O"]
    assert along == pytest.approx(0.0, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.floats(-3, 3))
def test_shifts_never_exceed_what_the_labels_ask_for(counts, offset):
    """A ridge fit is no longer than the least-squares fit of least norm."""
    formulas = [
        {s: n for s, n in zip(("Li", "Ti", "O"), counts[3 * i : 3 * i + 3], strict=True) if n}
        for i in range(4)
    ]
    frames = [frame(formula, offset) for formula in formulas if formula]
    if not frames:
        return
    found = correct_atom_references(frames, [0.0] * len(frames), noise_eV_atom=0.03)
    rows = np.array(
        [[f.composition[s] for s in ("Li", "Ti", "O")] for f in (x.structure for x in frames)]
    )
    rows = rows / rows.sum(axis=1, keepdims=True)
    least = np.linalg.pinv(rows) @ np.array([f.energy_per_atom_eV for f in frames])
    shifts = [found.shifts_eV.get(s, 0.0) for s in ("Li", "Ti", "O")]
    assert np.linalg.norm(shifts) <= np.linalg.norm(least) + 1e-6


def test_energies_of_another_number_are_refused():
    with pytest.raises(InputError, match="do not fit 1 frames and 0 references"):
        correct_atom_references([frame(STO)], [])
    with pytest.raises(InputError, match="no frames"):
        correct_atom_references([], [])
