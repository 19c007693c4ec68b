"""Convergence of a setting of the code: which value will do, and why none does."""

from __future__ import annotations

import pytest

from perolyte.errors import InputError
from perolyte.flows import LabelConvergenceMaker, LabelMaker
from perolyte.jobs.label_convergence import judge_convergence
from support.made_labels import make_label, make_metal

LENNARD_JONES = LabelMaker(
    engine="ase.calculators.lj.LennardJones", engine_kwargs={"sigma": 2.2, "epsilon": 0.03}
)
CUTOFFS_A = (4.0, 7.0, 12.0, 20.0)


def make_row(energies_eV, *, force_eV_A=0.0):
    labels = []
    for number, energy_eV in enumerate(energies_eV):
        label = make_label(name=f"f{number}")
        forces = [[x + force_eV_A for x in row] for row in label.forces_eV_A]
        labels.append(label.model_copy(update={"energy_eV": energy_eV, "forces_eV_A": forces}))
    return labels


def compare(*rows, **more):
    given = {"energy_tolerance_meV_atom": 3.0, "force_tolerance_meV_A": 15.0, **more}
    return judge_convergence.original(
        list(rows), option="x", values=list(range(len(rows))), **given
    )


def test_the_cutoff_of_a_pair_potential_converges(memory_store):
    hot = make_metal().copy().perturb(0.15)
    maker = LabelConvergenceMaker("rc", CUTOFFS_A, LENNARD_JONES, 1e-3, 0.1, campaign="c")
    flow = maker.make({"hot": hot, "hotter": hot.copy().perturb(0.1)})
    found = [job.run(memory_store).output for job in flow.jobs][-1]
    assert (found.status, found.chosen, found.option) == ("converged", 12.0, "rc")
    assert (found.campaign, found.engine) == ("c", LENNARD_JONES.engine)
    energies = [row.relative_energy_meV_atom for row in found.differences]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] == 0
    assert [row.within_tolerance for row in found.differences] == [False, False, True, True]
    assert len(found.provenance.parent_uuids) == len(CUTOFFS_A) * 2


def test_agreement_of_two_coarse_values_is_no_proof():
    found = compare(make_row([1.0]), make_row([1.4]), make_row([1.0]), make_row([1.0]))
    assert found.differences[0].within_tolerance
    assert found.chosen == 2


def test_the_finest_is_never_chosen():
    found = compare(make_row([1.0]), make_row([1.4]))
    assert (found.status, found.chosen) == ("not_converged", None)
    (reason,) = found.reasons
    assert "between x 0 and 1" in reason
    assert "1e+02 meV/atom" in reason
    assert "add a finer value" in reason


def test_what_frames_of_a_composition_have_in_common_does_not_count():
    found = compare(make_row([3.0, 3.2]), make_row([1.0, 1.2]))
    assert found.chosen == 0
    assert found.differences[0].energy_meV_atom == pytest.approx(500)
    assert found.differences[0].relative_energy_meV_atom == pytest.approx(0, abs=1e-9)


def test_the_worst_frame_decides():
    found = compare(make_row([1.0, 1.4]), make_row([1.0, 1.0]))
    assert found.chosen is None
    assert found.differences[0].energy_meV_atom == pytest.approx(100)
    assert found.differences[0].relative_energy_meV_atom == pytest.approx(50)
    forces = compare(*(make_row([1.0, 1.0], force_eV_A=x) for x in (0.02, 0.0)))
    assert forces.chosen is None


def test_a_composition_with_one_frame_has_nothing_in_common_to_take_away():
    rows = [make_row([energy, energy]) for energy in (2.0, 1.0)]
    for row in rows:
        row[1] = row[1].model_copy(update={"formula": "another"})
    found = compare(*rows).differences[0]
    assert (found.relative_energy_meV_atom, found.within_tolerance) == (None, False)


def test_forces_count():
    found = compare(make_row([1.0], force_eV_A=0.02), make_row([1.0]))
    assert found.differences[0].force_meV_A == pytest.approx(20)
    assert found.chosen is None
    again = compare(make_row([1.0], force_eV_A=0.02), make_row([1.0]), force_tolerance_meV_A=21)
    assert again.chosen == 0


def test_labels_without_numbers_are_said():
    bad = make_row([1.0])[0].model_copy(
        update={"status": "not_converged", "reasons": ["SCF"], "energy_eV": None}
    )
    found = compare(make_row([1.0]), [bad], make_row([1.0]), [None])
    assert found.chosen is None
    assert found.differences[1].reasons == ["f0: SCF", "the job of a label failed"]
    assert "the job of a label failed" in found.reasons[0]
    assert found.frames == ["frame 0"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: compare(make_row([1.0])), r"values are \[0\]; give at least 2"),
        (lambda: compare(make_row([1.0]), make_row([1.0, 2.0])), r"labels of \[1, 2\] frames"),
        (lambda: compare([], []), r"labels of \[0, 0\] frames"),
        (
            lambda: compare(make_row([1.0]), make_row([1.0]), force_tolerance_meV_A=-1),
            "tolerance force_meV_A is -1; it must be above 0",
        ),
        (
            lambda: LabelConvergenceMaker(energy_tolerance_meV_atom=0).make({"a": make_metal()}),
            "tolerance energy_meV_atom is 0; it must be above 0",
        ),
        (lambda: LabelConvergenceMaker().make({}), "no structures to label"),
        (
            lambda: LabelConvergenceMaker(values=(1,)).make({"a": make_metal()}),
            "give at least 2, from coarse to fine",
        ),
        (
            lambda: LabelConvergenceMaker("kpoints").make({"a": make_metal()}),
            "kpoints",
        ),
        (
            lambda: LabelConvergenceMaker(label_maker=LabelMaker(static_maker=LabelMaker())).make(
                {"a": make_metal()}
            ),
            "settings of a static_maker are its own",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
