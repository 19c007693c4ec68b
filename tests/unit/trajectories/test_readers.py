"""Every reader gives the same paths of the same walk."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.trajectories import open_trajectory, read_mobile, stream_mobile, wrap_trajectory
from perolyte.transport import fit_diffusivity
from support.trajectory_files import (
    INTERVAL_FS,
    WRITERS,
    Walk,
    list_atoms,
    make_pymatgen_trajectory,
    make_walk,
    write_analyzer,
    write_any,
    write_ase,
    write_h5md,
    write_lammps,
    write_vasprun,
    write_xdatcar,
)

WRITTEN_DIGITS_A = 1e-6
"""Files are written with 8 digits or more of Å or of the cell edge, 12 Å."""


@pytest.fixture(scope="module")
def walk():
    return make_walk()


@pytest.fixture(scope="module")
def breathing():
    return make_walk(breathing=0.02, n_frames=80, step_A=0.3)


def open_walk(path):
    return open_trajectory(path, frame_interval_fs=INTERVAL_FS)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", ["walk", "breathing"])
def test_every_format_gives_the_same_paths(name, kind, tmp_path, request):
    known = request.getfixturevalue(kind)
    source = open_walk(write_any(known, tmp_path, name))
    mobile = read_mobile(source, "Li")
    assert source.species == known.species
    assert mobile.n_frames == len(known.scaled)
    # files of other orientation (LAMMPS) and wrapped first frames: compare displacements' lengths
    expected, found = (np.diff(path, axis=0) for path in (known.ions_A, mobile.positions_A))
    products = np.einsum("fax,fbx->fab", expected, expected)
    assert np.allclose(
        np.einsum("fax,fbx->fab", found, found), products, atol=100 * WRITTEN_DIGITS_A
    )
    assert np.allclose(
        np.linalg.norm(mobile.positions_A[-1] - mobile.positions_A[0], axis=1),
        np.linalg.norm(known.ions_A[-1] - known.ions_A[0], axis=1),
        atol=100 * WRITTEN_DIGITS_A,
    )
    assert mobile.volume_A3 == pytest.approx(np.linalg.det(known.cells_A.mean(axis=0)), rel=1e-6)


def test_every_format_gives_the_same_diffusivity(tmp_path):
    long_walk = make_walk(n_frames=500, step_A=0.6)
    known = fit_diffusivity(
        long_walk.ions_A, frame_interval_fs=INTERVAL_FS, hop_distance_A=3.0
    ).diffusivity_cm2_s
    assert known is not None
    for name in WRITERS:
        mobile = read_mobile(open_walk(write_any(long_walk, tmp_path, name)), "Li")
        result = fit_diffusivity(
            mobile.positions_A,
            frame_interval_fs=mobile.source.frame_interval_fs,
            hop_distance_A=3.0,
            framework_positions_A=mobile.framework_positions_A,
        )
        assert result.diffusivity_cm2_s == pytest.approx(known, rel=1e-6), name


@pytest.mark.parametrize("name", WRITERS)
def test_the_interval_is_that_of_the_file_or_asked_for(name, walk, tmp_path):
    path = write_any(walk, tmp_path, name)
    if name in {"vasprun.xml", "analyzer.json", "analyzer.json.gz", "walk.h5"}:
        source = open_trajectory(path)
        assert source.frame_interval_fs == pytest.approx(INTERVAL_FS)
    elif name == "walk.lammpstrj":
        assert open_trajectory(path, time_step_fs=2.0).frame_interval_fs == INTERVAL_FS
        with pytest.raises(InputError, match="time-step-fs"):
            open_trajectory(path)
    else:
        with pytest.raises(InputError, match="frame_interval_fs"):
            open_trajectory(path)
    given = open_trajectory(path, frame_interval_fs=50.0)
    assert given.frame_interval_fs == 50.0
    assert bool(given.warnings) == (
        name in {"vasprun.xml", "analyzer.json", "analyzer.json.gz", "walk.h5"}
    )


@pytest.mark.parametrize("name", ["XDATCAR", "vasprun.xml", "walk.extxyz", "walk.lammpstrj"])
@pytest.mark.parametrize("packing", [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_packed_text_is_read(name, packing, tmp_path):
    known = make_walk(n_frames=5)
    path = write_any(known, tmp_path, name)
    ending, module = packing
    packed = path.with_name(f"{path.name}.{ending}")
    packed.write_bytes(module.compress(path.read_bytes()))
    first, second = (read_mobile(open_walk(p), "Li").positions_A for p in (path, packed))
    assert (first == second).all()


@pytest.mark.parametrize(
    "columns", ["x y z", "xs ys zs", "xu yu zu", "xsu ysu zsu", "x y z ix iy iz"]
)
def test_lammps_positions_of_every_kind(columns, walk, tmp_path):
    path = write_lammps(walk, tmp_path / "dump", columns=columns, names="type")
    source = open_trajectory(path, time_step_fs=2.0, species_of_type={1: "Li", 2: "Ti", 3: "O"})
    assert source.is_unwrapped == (columns not in {"x y z", "xs ys zs"})
    moved = read_mobile(source, "Li").positions_A
    known = walk.ions_A
    assert np.allclose(
        np.linalg.norm(moved - moved[0], axis=2),
        np.linalg.norm(known - known[0], axis=2),
        atol=100 * WRITTEN_DIGITS_A,
    )


def test_lammps_types_need_elements(walk, tmp_path):
    path = write_lammps(walk, tmp_path / "dump", names="type")
    with pytest.raises(InputError, match=r"type 1 has no element.*--species"):
        open_trajectory(path, time_step_fs=2.0)


def test_lammps_units_convert_lengths_and_times(walk, tmp_path):
    text = write_lammps(walk, tmp_path / "dump").read_text()
    rest = text.split("ITEM: TIMESTEP\n")[1:]
    timed = [f"ITEM: TIME\n{0.02 * n}\nITEM: TIMESTEP\n{part}" for n, part in enumerate(rest)]
    (tmp_path / "metal").write_text("ITEM: UNITS\nmetal\n" + "".join(timed))
    assert open_trajectory(tmp_path / "metal").frame_interval_fs == pytest.approx(20.0)
    (tmp_path / "lj").write_text("ITEM: UNITS\nlj\n" + "".join(timed))
    with pytest.raises(InputError, match="units 'lj'"):
        open_trajectory(tmp_path / "lj")


def test_streaming_equals_reading_at_once(walk, tmp_path, monkeypatch):
    path = write_xdatcar(walk, tmp_path / "XDATCAR")
    whole = read_mobile(open_walk(path), "Li", skip_ps=0.2)
    monkeypatch.setattr("perolyte.trajectories.source._NUMBERS_PER_BLOCK", 7 * 28 * 3)
    stream = stream_mobile(open_walk(path), "Li", skip_ps=0.2)
    blocks = list(stream.blocks())
    assert [block.first_frame for block in blocks][:3] == [0, 4, 11]  # blocks of 7, 10 skipped
    ions = np.concatenate([block.positions_A for block in blocks])
    others = np.concatenate([block.framework_positions_A for block in blocks])
    assert stream.n_frames == whole.n_frames == len(ions) == 290
    assert np.allclose(ions, whole.positions_A, atol=1e-9)
    assert np.allclose(others, whole.framework_positions_A, atol=1e-9)


def test_wrapped_and_unwrapped_hdf5_are_the_same(walk, tmp_path):
    pytest.importorskip("h5py")
    paths = [
        read_mobile(
            open_trajectory(write_h5md(walk, tmp_path / name, wrapped=wrapped, shuffle=shuffle)),
            "Li",
        ).positions_A
        for name, wrapped, shuffle in (("a", True, False), ("b", False, False), ("c", True, True))
    ]
    for path in paths[1:]:
        assert np.allclose(path - path[0], paths[0] - paths[0][0], atol=1e-9)


def test_hdf5_in_nanometres_is_converted_where_it_says_so(walk, tmp_path):
    pytest.importorskip("h5py")
    told = write_h5md(walk, tmp_path / "told", unit="nm", length=10.0)
    assert read_mobile(open_trajectory(told), "Li").volume_A3 == pytest.approx(1320.0)
    silent = write_h5md(walk, tmp_path / "silent", unit=None, length=10.0)
    with pytest.raises(InputError, match="are they in nm"):
        read_mobile(open_trajectory(silent), "Li")


def test_positions_alone_in_nanometres_are_noticed(walk, tmp_path):
    from ase.io import write

    images = list_atoms(walk)[:3]
    for atoms in images:
        atoms.positions *= 0.1
    write(tmp_path / "walk.extxyz", images)
    with pytest.raises(InputError, match="are the positions in nm"):
        read_mobile(open_walk(tmp_path / "walk.extxyz"), "Li")


def test_a_trajectory_of_pymatgen_in_memory(walk):
    source = wrap_trajectory(make_pymatgen_trajectory(walk), frame_interval_fs=INTERVAL_FS)
    same = wrap_trajectory(make_pymatgen_trajectory(walk), frame_interval_fs=INTERVAL_FS)
    assert source.sha256 == same.sha256
    assert len(source.sha256) == 64
    moved = read_mobile(source, "Li").positions_A
    assert np.allclose(moved - moved[0], walk.ions_A - walk.ions_A[0], atol=1e-9)


def test_oxidation_states_choose_ions(tmp_path, walk):
    from pymatgen.core.trajectory import Trajectory

    names = ["Li+"] * 10 + ["Ti4+", "Ti3+"] * 3 + ["O2-"] * 12
    from pymatgen.core import Species

    trajectory = Trajectory(
        [Species.from_str(name) for name in names],
        walk.wrapped,
        lattice=walk.cells_A,
        constant_lattice=False,
    )
    source = wrap_trajectory(trajectory, frame_interval_fs=1.0)
    assert read_mobile(source, "Ti3+").n_ions == 3
    with pytest.raises(InputError, match=r"no atom is 'Ti2\+'.*\+3, \+4"):
        read_mobile(source, "Ti2+")


def test_an_md_object_of_ase_notes_time_and_temperature(tmp_path):
    from ase.build import bulk
    from ase.calculators.lj import LennardJones
    from ase.md.langevin import Langevin
    from ase.units import fs

    atoms = bulk("Ar", cubic=True)
    atoms.calc = LennardJones(rc=3.0)
    path = tmp_path / "md.traj"
    dynamics = Langevin(
        atoms,
        2 * fs,
        temperature_K=40,
        friction=0.01 / fs,
        fixcm=False,
        trajectory=str(path),
        loginterval=5,
        rng=np.random.default_rng(0),
    )
    dynamics.run(20)
    source = open_trajectory(path)
    assert source.frame_interval_fs == pytest.approx(10.0)
    assert source.temperature_K == pytest.approx(40.0)


def test_settings_of_vasp_are_read(walk, tmp_path):
    short = Walk(walk.species, walk.scaled[:4], walk.cells_A[:4])
    source = open_trajectory(write_vasprun(short, tmp_path / "vasprun.xml"))
    assert (source.format, source.temperature_K) == ("vasprun", 600.0)
    for extra, message in (
        ('<i name="NBLOCK"> 5</i>', "NBLOCK is 5"),
        ('<i name="IBRION"> 2</i>', "no molecular dynamics"),
        ('<i name="TEEND"> 900.0</i>', "goes from 600 to 900 K"),
    ):
        with pytest.raises(InputError, match=message):
            open_trajectory(write_vasprun(short, tmp_path / "other.xml", extra=extra))


def test_an_xdatcar_with_numbered_steps_takes_the_time_step(walk, tmp_path):
    short = Walk(walk.species, walk.scaled[:4], walk.cells_A[:4])
    path = write_xdatcar(short, tmp_path / "XDATCAR")
    source = open_trajectory(path, time_step_fs=2.0)
    assert source.frame_interval_fs == 2.0
    assert "NBLOCK" in source.warnings[0]
    text = path.read_text()
    for frame in (4, 3, 2, 1):
        text = text.replace(f"configuration={frame:6d}", f"configuration={10 * frame:6d}")
    path.write_text(text)
    source = open_trajectory(path, time_step_fs=2.0)
    assert (source.frame_interval_fs, source.warnings) == (20.0, ())


def test_runs_put_together_in_one_xdatcar_are_one(walk, tmp_path):
    first, second = (
        Walk(walk.species, walk.scaled[part], walk.cells_A[part])
        for part in (slice(0, 20), slice(20, 50))
    )
    parts = [write_xdatcar(w, tmp_path / str(n)).read_text() for n, w in enumerate((first, second))]
    (tmp_path / "XDATCAR").write_text("".join(parts))
    whole = Walk(walk.species, walk.scaled[:50], walk.cells_A[:50])
    moved = read_mobile(open_walk(tmp_path / "XDATCAR"), "Li").positions_A
    assert np.allclose(moved - moved[0], whole.ions_A - whole.ions_A[0], atol=1e-5)


def test_the_hash_is_that_of_the_file(walk, tmp_path):
    import hashlib

    path = write_xdatcar(walk, tmp_path / "XDATCAR")
    assert open_walk(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("file", "ion", "shape", "temperature_K"),
    [
        ("md_lgps/DiffusionAnalyzer_LGPS_600K.json.gz", "Li", (1000, 20, 3), 600.0),
        ("md_na3ps4/cNa3PS4_pda.json.gz", "Na", (100, 48, 3), 800.0),
    ],
)
def test_published_files_are_read(file, ion, shape, temperature_K, shared_data):
    source = open_trajectory(shared_data / file)
    assert (source.frame_interval_fs, source.temperature_K) == (20.0, temperature_K)
    assert read_mobile(source, ion).positions_A.shape == shape


def test_formats_written_by_other_libraries_are_read(walk, tmp_path):
    """ASE writes XDATCAR files and pymatgen too, each in its own layout."""
    from ase.io import write
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.vasp import Xdatcar

    images = list_atoms(walk)[:30]
    known = Walk(walk.species, walk.scaled[:30], walk.cells_A[:30])
    write(tmp_path / "XDATCAR_ase", images, format="vasp-xdatcar")
    written = Xdatcar.__new__(Xdatcar)  # its constructor reads a file
    written.structures = [AseAtomsAdaptor.get_structure(atoms) for atoms in images]
    written.comment = "walk"
    (tmp_path / "XDATCAR_pymatgen").write_text(written.get_str())
    for name in ("XDATCAR_ase", "XDATCAR_pymatgen"):
        moved = read_mobile(open_walk(tmp_path / name), "Li").positions_A
        assert np.allclose(moved - moved[0], known.ions_A - known.ions_A[0], atol=1e-5), name


def test_the_json_that_pymatgen_makes_of_a_breathing_cell(breathing, tmp_path):
    """pymatgen's analyzer keeps one cell more than frames; both lengths are the same walk."""
    import json

    path = write_analyzer(breathing, tmp_path / "a.json")
    record = json.loads(path.read_text())
    record["lattices"] = [record["lattices"][0], *record["lattices"]]
    (tmp_path / "b.json").write_text(json.dumps(record))
    first, second = (read_mobile(open_trajectory(tmp_path / n), "Li") for n in ("a.json", "b.json"))
    assert np.allclose(first.positions_A, second.positions_A, atol=1e-9)


def test_an_extxyz_named_otherwise_is_recognised(walk, tmp_path):
    path = write_ase(walk, tmp_path / "positions.out", format="extxyz")
    assert open_walk(path).format == "extxyz"


def test_empty_lines_between_frames_end_nothing(walk, tmp_path):
    short = Walk(walk.species, walk.scaled[:6], walk.cells_A[:6])
    path = write_ase(short, tmp_path / "walk.extxyz")
    path.write_text(path.read_text().replace("28\nLattice", "\n28\nLattice") + "\n\n")
    assert read_mobile(open_walk(path), "Li").n_frames == 6
