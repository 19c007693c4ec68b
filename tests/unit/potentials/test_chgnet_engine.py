"""The engine: batches, determinism, what it gives on request, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from perolyte.errors import InputError, PotentialError
from perolyte.potentials import BatchPotential, SystemBatch, load_potential
from perolyte.potentials import chgnet_engine as module
from perolyte.potentials.chgnet_engine import ChgnetEngine
from perolyte.potentials.devices import choose_device, choose_dtype

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")

ENERGY_EV_ATOM = 2e-6
FORCE_EV_A = 5e-5
STRESS_EV_A3 = 2e-6


def make_systems() -> list[Atoms]:
    magnesia = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    copper = bulk("Cu", "fcc", a=3.6)
    titanate = Atoms(
        "SrTiO3",
        scaled_positions=[[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
        cell=[3.95] * 3,
        pbc=True,
    )
    systems = [magnesia, copper, titanate]
    for seed, atoms in enumerate(systems):
        atoms.rattle(0.08, seed=seed)
    return systems


@pytest.fixture(scope="module")
def engine() -> ChgnetEngine:
    return load_potential("chgnet", device="cpu")


@pytest.fixture(scope="module")
def exact() -> ChgnetEngine:
    return load_potential("chgnet", device="cpu", dtype="float64")


def one_line(error: pytest.ExceptionInfo) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_it_is_a_batch_potential(engine):
    assert isinstance(engine, BatchPotential)
    assert engine.device.type == "cpu"
    assert engine.dtype == torch.float32


def test_a_batch_is_its_systems(engine):
    """Exactly: on the CPU a system does not know who shares its batch."""
    systems = make_systems()
    engine.forget_neighbours()
    batch, positions_A = SystemBatch.from_structures(systems)
    together = engine.evaluate(batch, positions_A, stress=True, magmoms=True)
    assert together.energies_eV.dtype == together.forces_eV_A.dtype == torch.float64
    assert tuple(together.stresses_eV_A3.shape) == (3, 3, 3)
    start = 0
    for index, atoms in enumerate(systems):
        engine.forget_neighbours()
        alone = engine.evaluate(*SystemBatch.from_structures([atoms]), stress=True, magmoms=True)
        part = slice(start, start + len(atoms))
        assert torch.equal(alone.energies_eV[0], together.energies_eV[index])
        assert torch.equal(alone.forces_eV_A, together.forces_eV_A[part])
        assert torch.equal(alone.stresses_eV_A3[0], together.stresses_eV_A3[index])
        assert torch.equal(alone.magmoms_muB, together.magmoms_muB[part])
        start += len(atoms)


def test_one_graph_of_many_systems_is_the_same(exact):
    """The way of a GPU, on the CPU: all systems in one graph."""
    batch, positions_A = SystemBatch.from_structures(make_systems())
    expected = exact.evaluate(batch, positions_A, stress=True, magmoms=True)
    exact.forget_neighbours()
    graph = exact.find_graph(batch, positions_A)
    found = exact.evaluate_graph(batch, graph, stress=True, magmoms=True)
    for name in ("energies_eV", "forces_eV_A", "stresses_eV_A3", "magmoms_muB"):
        one, other = getattr(found, name).numpy(), getattr(expected, name).numpy()
        assert one == pytest.approx(other, abs=1e-9)


def test_fast_and_exact_agree(engine, exact):
    batch, positions_A = SystemBatch.from_structures(make_systems())
    fast = engine.evaluate(batch, positions_A, stress=True, magmoms=True)
    slow = exact.evaluate(batch, positions_A, stress=True, magmoms=True)
    energies = (fast.energies_eV - slow.energies_eV) / batch.counts
    assert float(energies.abs().max()) < ENERGY_EV_ATOM
    assert float((fast.forces_eV_A - slow.forces_eV_A).abs().max()) < FORCE_EV_A
    assert float((fast.stresses_eV_A3 - slow.stresses_eV_A3).abs().max()) < STRESS_EV_A3
    assert float((fast.magmoms_muB - slow.magmoms_muB).abs().max()) < 1e-5


def test_stress_and_moments_only_on_request(engine):
    batch, positions_A = SystemBatch.from_structures(make_systems())
    plain = engine.evaluate(batch, positions_A)
    assert plain.stresses_eV_A3 is None
    assert plain.magmoms_muB is None
    full = engine.evaluate(batch, positions_A, stress=True, magmoms=True)
    assert torch.equal(plain.forces_eV_A, full.forces_eV_A)


def test_forgetting_makes_a_run_repeatable(engine):
    """Bit for bit, whatever was evaluated before."""
    batch, positions_A = SystemBatch.from_structures(make_systems())
    generator = torch.Generator().manual_seed(3)
    moved = positions_A + 0.1 * torch.randn(
        positions_A.shape, generator=generator, dtype=torch.float64
    )
    engine.forget_neighbours()
    first = engine.evaluate(batch, moved, stress=True)
    engine.evaluate(batch, positions_A)
    engine.evaluate(*SystemBatch.from_structures([bulk("Si")]))
    engine.forget_neighbours()
    again = engine.evaluate(batch, moved, stress=True)
    for name in ("energies_eV", "forces_eV_A", "stresses_eV_A3"):
        assert torch.equal(getattr(first, name), getattr(again, name))


def test_neighbours_are_kept_while_atoms_move_little(engine):
    batch, positions_A = SystemBatch.from_structures(make_systems()[:1])
    engine.forget_neighbours()
    begin = engine.n_neighbour_searches
    for step in range(5):
        engine.evaluate(batch, positions_A + 0.01 * step)
    assert engine.n_neighbour_searches == begin + 1


def test_arguments_are_left_alone(engine):
    batch, positions_A = SystemBatch.from_structures(make_systems())
    before = positions_A.clone()
    first = engine.evaluate(batch, positions_A)
    forces = first.forces_eV_A.clone()
    engine.evaluate(batch, positions_A + 0.05)
    assert torch.equal(positions_A, before)
    assert torch.equal(first.forces_eV_A, forces), "results are not written to again"
    assert not first.forces_eV_A.requires_grad


def test_unwrapped_positions(exact):
    """An atom whole cells away feels the same."""
    atoms = make_systems()[2]
    there = atoms.copy()
    there.positions[1] += [2, -1, 3] @ atoms.cell.array
    one, other = (
        exact.evaluate(*SystemBatch.from_structures([a]), stress=True) for a in (atoms, there)
    )
    assert other.forces_eV_A.numpy() == pytest.approx(one.forces_eV_A.numpy(), abs=1e-9)
    assert other.stresses_eV_A3.numpy() == pytest.approx(one.stresses_eV_A3.numpy(), abs=1e-9)


def test_forces_and_stress_are_derivatives(exact):
    """Central differences in float64, for which 1e-4 Å is small enough to be exact to 1e-6."""
    atoms, step = make_systems()[2], 1e-4
    found = exact.evaluate(*SystemBatch.from_structures([atoms]), stress=True)

    def energy(changed: Atoms) -> float:
        return float(exact.evaluate(*SystemBatch.from_structures([changed])).energies_eV[0])

    for atom, axis in [(0, 0), (1, 2), (3, 1)]:
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(energy(moved))
        difference = -(energies[0] - energies[1]) / (2 * step)
        assert float(found.forces_eV_A[atom, axis]) == pytest.approx(difference, abs=1e-5)
    for row, column in [(0, 0), (1, 2)]:
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[row, column] += sign * step
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            energies.append(energy(strained))
        difference = (energies[0] - energies[1]) / (2 * step * atoms.get_volume())
        stress = float(found.stresses_eV_A3[0, row, column])
        assert stress == pytest.approx(difference, abs=1e-6)


def test_a_left_handed_cell_has_the_same_stress(exact):
    atoms = make_systems()[0]
    mirrored = atoms.copy()
    mirrored.set_cell(atoms.cell.array[[1, 0, 2]])
    one, other = (
        exact.evaluate(*SystemBatch.from_structures([a]), stress=True) for a in (atoms, mirrored)
    )
    assert other.stresses_eV_A3.numpy() == pytest.approx(one.stresses_eV_A3.numpy(), abs=1e-10)


def test_describe(engine, exact):
    described = engine.describe()
    assert described["name"] == "CHGNet"
    assert described["version"].startswith("0.3.0 (chgnet ")
    assert len(described["weights_sha256"]) == 64
    assert (described["dtype"], described["device"], described["path"]) == (
        "float32",
        "cpu",
        "kernels",
    )
    assert described["fallback_reason"] is None
    assert exact.describe()["path"] == "eager"


def test_a_compiler_that_fails_is_reported(monkeypatch):
    """Plain torch then gives the result; the reason is kept."""

    def fail(function, **options):
        def run(*args, **kwargs):
            raise RuntimeError("no C++ compiler")

        return run

    monkeypatch.setattr(module.torch, "compile", fail)
    engine = load_potential("chgnet", device="cpu", compile=True)
    assert engine.describe()["path"] == "compiled"
    plain = load_potential("chgnet", device="cpu", compile=False)
    arguments = SystemBatch.from_structures(make_systems())
    found, expected = engine.evaluate(*arguments), plain.evaluate(*arguments)
    assert torch.equal(found.forces_eV_A, expected.forces_eV_A)
    assert engine.describe()["path"] == plain.describe()["path"] == "eager"
    assert "RuntimeError: no C++ compiler" in engine.describe()["fallback_reason"]


@pytest.mark.slow
def test_compiled_agrees():
    """With the compiler of this machine, or by the documented fall-back."""
    engine = load_potential("chgnet", device="cpu", compile=True)
    plain = load_potential("chgnet", device="cpu", dtype="float64")
    arguments = SystemBatch.from_structures(make_systems()[:1])
    found, expected = engine.evaluate(*arguments), plain.evaluate(*arguments)
    assert float((found.forces_eV_A - expected.forces_eV_A).abs().max()) < FORCE_EV_A
    described = engine.describe()
    assert (described["path"] == "compiled") == (described["fallback_reason"] is None)


@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (Atoms("Li", cell=[20] * 3, pbc=True), r"atom 0 \(Li\) has no neighbour within 6 Å"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 0.1]], cell=[5] * 3, pbc=True), "overlap: they are 0.100"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, np.nan]], cell=[5] * 3, pbc=True), "finite positions"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 2.5]]), "three lattice vectors"),
    ],
)
def test_broken_systems_are_named(engine, atoms, expected):
    batch, positions_A = SystemBatch.from_structures([bulk("Si"), atoms])
    with pytest.raises(PotentialError, match=expected) as caught:
        engine.evaluate(batch, positions_A)
    assert one_line(caught).startswith("system 1 of the batch: ")
    assert caught.value.system == 1


def test_unknown_elements(engine):
    with pytest.raises(PotentialError, match="atomic number 96 is unknown to CHGNet, which") as err:
        engine.evaluate(*SystemBatch.from_structures([Atoms("Cm", cell=[3] * 3, pbc=True)]))
    one_line(err)
    engine.check_elements([1, 94])
    with pytest.raises(PotentialError, match="atomic number 0, 95"):
        engine.check_elements(torch.tensor([95, 3, 0, 95]))


def test_results_that_are_not_finite(engine, monkeypatch):
    batch, positions_A = SystemBatch.from_structures(make_systems())
    monkeypatch.setattr(engine, "_references_eV", engine._references_eV * torch.nan)
    with pytest.raises(PotentialError, match="non-finite energy or force"):
        engine.evaluate(batch, positions_A)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p[:-1], r"shape \(13, 3\).* give \(14, 3\) float64"),
        (lambda p: p.float(), "torch.float32 cannot be evaluated"),
        (lambda p: p.to("meta"), "positions on meta"),
    ],
)
def test_positions_that_do_not_fit(engine, change, expected):
    batch, positions_A = SystemBatch.from_structures(make_systems())
    with pytest.raises(InputError, match=expected) as caught:
        engine.evaluate(batch, change(positions_A))
    one_line(caught)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"dtype": "float16"}, "dtype 'float16' is not supported; use 'float32' or 'float64'"),
        ({"skin_A": -0.1}, "a skin of -0.1 Å"),
        ({"skin_A": float("nan")}, "a skin of nan Å"),
        ({"compile": "always"}, "compile='always' is unknown"),
        ({"device": "quantum"}, "'quantum' is unknown to torch"),
        ({"device": "meta"}, "'meta' is not supported"),
    ],
)
def test_settings_that_cannot_be_used(arguments, expected):
    with pytest.raises(PotentialError, match=expected) as caught:
        load_potential("chgnet", **{"device": "cpu", **arguments})
    one_line(caught)


def test_devices_and_types():
    assert choose_device("cpu") == choose_device(torch.device("cpu")) == "cpu"
    assert choose_device() == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_dtype("float64") == choose_dtype(torch.float64) == torch.float64


@needs_no_gpu
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_without_a_gpu(device):
    with pytest.raises(PotentialError, match="sees no GPU here; use 'cpu'") as caught:
        load_potential("chgnet", device=device)
    assert repr(device) in one_line(caught)


@needs_gpu
@pytest.mark.parametrize("compile_", [False, "auto"])
def test_cuda_agrees_with_the_cpu(exact, compile_):
    engine = load_potential("chgnet", device="cuda", compile=compile_)
    batch, positions_A = SystemBatch.from_structures(make_systems(), "cuda")
    found = engine.evaluate(batch, positions_A, stress=True, magmoms=True)
    expected = exact.evaluate(batch.to("cpu"), positions_A.cpu(), stress=True, magmoms=True)
    assert found.forces_eV_A.device.type == "cuda"
    assert float((found.forces_eV_A.cpu() - expected.forces_eV_A).abs().max()) < FORCE_EV_A
    difference = (found.energies_eV.cpu() - expected.energies_eV) / batch.counts.cpu()
    assert float(difference.abs().max()) < ENERGY_EV_ATOM
    with pytest.raises(InputError, match="move them there"):
        engine.evaluate(batch.to("cpu"), positions_A.cpu())
