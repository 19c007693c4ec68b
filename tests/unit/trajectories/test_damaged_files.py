"""Whatever a file holds, the answer is one line that names it."""

from __future__ import annotations

import gzip
import json
import re
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.trajectories import FORMATS, open_trajectory, read_mobile
from support.trajectory_files import (
    INTERVAL_FS,
    WRITERS,
    Walk,
    list_atoms,
    make_walk,
    write_any,
    write_ase,
    write_h5md,
    write_lammps,
    write_vasprun,
    write_xdatcar,
)

N_FRAMES = 4
TYPES = {1: "Li", 2: "Ti", 3: "O"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a whole file in every format."""
    folder = tmp_path_factory.mktemp("whole")
    walk = make_walk(n_frames=N_FRAMES)
    for name in WRITERS:
        write_any(walk, folder, name)
    return folder


def names(*wanted):
    """Return those of the files that can be written here."""
    return [name for name in wanted if name in WRITERS]


def read(path, **kwargs):
    source = open_trajectory(path, frame_interval_fs=INTERVAL_FS, **kwargs)
    return read_mobile(source, "Li")


def refuse(path, message, **kwargs):
    """See that reading raises one line that names the file."""
    with pytest.raises(InputError, match=message) as caught:
        read(path, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def drop_frames(walk, n_frames):
    return Walk(walk.species, walk.scaled[:n_frames], walk.cells_A[:n_frames])


@pytest.mark.parametrize("name", WRITERS)
def test_one_frame_has_no_displacement(name, tmp_path):
    refuse(write_any(make_walk(n_frames=1), tmp_path, name), r"holds 1 frame\(s\)")


def test_skipping_everything_leaves_nothing(tmp_path):
    path = write_xdatcar(make_walk(n_frames=10), tmp_path / "XDATCAR")
    source = open_trajectory(path, frame_interval_fs=INTERVAL_FS)
    with pytest.raises(InputError, match=r"0 frame\(s\) after 50 skipped"):
        read_mobile(source, "Li", skip_ps=1.0)
    with pytest.raises(InputError, match="skip_ps is -1"):
        read_mobile(source, "Li", skip_ps=-1)


@pytest.mark.parametrize("name", WRITERS)
def test_an_ion_that_is_not_there(name, tmp_path):
    path = write_any(make_walk(n_frames=3), tmp_path, name)
    source = open_trajectory(path, frame_interval_fs=INTERVAL_FS)
    with pytest.raises(InputError, match=r"no Na among 28 atoms, which are Li, Ti, O") as caught:
        read_mobile(source, "Na")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "name", names("XDATCAR", "vasprun.xml", "walk.extxyz", "walk.traj", "walk.h5")
)
def test_frames_that_are_too_coarse_name_atom_and_frames(name, tmp_path):
    walk = make_walk(n_frames=20, step_A=4.0)
    refuse(write_any(walk, tmp_path, name), r"atom \d moves by 0\.4\d of cell edge . between")


@pytest.mark.parametrize(
    "name",
    names(
        "walk.extxyz",
        "walk.traj",
        "walk.h5",
        "walk.lammpstrj",
        "analyzer.json",
        "XDATCAR",
        "vasprun.xml",
        "trajectory.json",
    ),
)
def test_not_a_number_names_frame_and_atom(name, tmp_path):
    walk = make_walk(n_frames=6)
    walk.scaled[3, 5, 1] = np.nan
    text = refuse(write_any(walk, tmp_path, name), "not finite|cannot be read")
    assert re.search(r"atom 5 in frame 3", text), text


def test_atoms_that_change_their_number(tmp_path):
    from ase.io import write

    images = list_atoms(make_walk(n_frames=5))
    del images[3][7]
    write(tmp_path / "a.extxyz", images)
    refuse(tmp_path / "a.extxyz", "frame 3 holds 27 atoms, the first one 28")
    whole = write_lammps(make_walk(n_frames=5), tmp_path / "whole").read_text().splitlines(True)
    start = [n for n, line in enumerate(whole) if line.startswith("ITEM: TIMESTEP")][3]
    whole[start + 3] = "27\n"
    del whole[start + 20]
    (tmp_path / "b.dump").write_text("".join(whole))
    refuse(tmp_path / "b.dump", "frame 3 holds 27 atoms, not the 28", format="lammps-dump")


def test_elements_that_change_their_order(tmp_path):
    from ase.io import write

    images = list_atoms(make_walk(n_frames=5))
    images[2] = images[2][::-1]
    write(tmp_path / "a.extxyz", images)
    refuse(tmp_path / "a.extxyz", "atom 0 is O in frame 2 and Li in the first")
    parts = [write_xdatcar(make_walk(n_frames=3), tmp_path / "x").read_text()] * 2
    parts[1] = parts[1].replace("Li Ti O", "Li O Ti").replace("10 6 12", "10 12 6")
    (tmp_path / "XDATCAR").write_text("".join(parts))
    refuse(tmp_path / "XDATCAR", "has Li10 O12 Ti6, the first one Li10 Ti6 O12")


def test_framework_atoms_that_change_places(tmp_path):
    walk = make_walk(n_frames=8)
    walk.scaled[5:, [10, 12]] = walk.scaled[5:, [12, 10]]  # closer than half a cell
    refuse(write_any(walk, tmp_path, "walk.extxyz"), "between frames 4 and 5 .*order of atoms")


def test_a_hot_framework_is_not_taken_for_a_changed_order(tmp_path):
    walk = make_walk(n_frames=200)
    walk.scaled[:, 10:] += np.random.default_rng(1).normal(scale=0.05, size=(200, 18, 3))
    assert read(write_any(walk, tmp_path, "walk.extxyz")).n_frames == 200


def test_ions_without_a_framework_need_a_word(tmp_path):
    walk = make_walk(n_frames=5)
    path = write_any(
        Walk(walk.species[:10], walk.scaled[:, :10], walk.cells_A), tmp_path, "walk.extxyz"
    )
    refuse(path, "nothing but the 10 mobile ions.*--keep-drift")
    source = open_trajectory(path, frame_interval_fs=INTERVAL_FS)
    mobile = read_mobile(source, "Li", keep_drift=True)
    assert mobile.framework_positions_A is None
    assert np.allclose(
        mobile.positions_A[-1] - mobile.positions_A[0],
        (walk.scaled[-1, :10] - walk.scaled[0, :10]) @ walk.cells_A[0],
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("write", "where"),
    [
        (write_xdatcar, "ends inside frame 3"),
        (write_vasprun, "ends inside frame 3"),
        (write_lammps, "ends inside frame 3"),
        (partial(write_ase, format="extxyz"), "ends inside frame 3"),
    ],
)
def test_a_cut_file_is_refused_or_read_up_to_the_cut(write, where, tmp_path):
    path = write(make_walk(n_frames=4), tmp_path / "cut")
    content = path.read_bytes()
    whole = read(path).positions_A
    path.write_bytes(content[: int(0.9 * len(content))])
    text = refuse(path, where)
    assert "--drop-cut-frame" in text
    kept = read(path, drop_cut_frame=True).positions_A
    assert np.allclose(kept, whole[:3], atol=1e-9)


def test_a_number_of_atoms_that_is_damage_is_refused_at_once(tmp_path):
    path = write_ase(make_walk(n_frames=3), tmp_path / "walk.extxyz")
    text = path.read_text()
    path.write_text(text.replace("28\nLattice", "2899999999999\nLattice"))
    refuse(path, "where the number of atoms of frame 0 must stand")
    path.write_text(text + text.replace("28\nLattice", "28000000\nLattice"))
    refuse(path, "ends inside frame 3")


@pytest.mark.parametrize("name", ["XDATCAR", "walk.extxyz", "walk.lammpstrj"])
def test_a_file_cut_inside_its_last_number(name, whole, tmp_path):
    content = (whole / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-9])
    refuse(tmp_path / name, "ends inside frame 3")
    (tmp_path / name).write_bytes(content[:-1])  # an editor that drops the last line end
    assert read(tmp_path / name).n_frames == N_FRAMES


@pytest.mark.parametrize(
    "name",
    names(
        "walk.extxyz",
        "walk.traj",
        "analyzer.json",
        "analyzer.json.gz",
        "trajectory.json",
        "walk.h5",
    ),
)
def test_half_a_file_of_a_library_is_refused(name, whole, tmp_path):
    path = tmp_path / name
    content = (whole / name).read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))])
    refuse(path, "cut|damaged|ends")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"no trajectory at all\n", "of no known format; known are xdatcar"),
        (b"\x1f\x8b\x08\x00junk that only begins like gzip", "cannot be unpacked|ends before"),
        (gzip.compress(b"x" * 9000, mtime=0)[:20], "ends before its compressed data"),
        (gzip.compress(b"\x89HDF\r\n\x1a\n" + bytes(9), mtime=0), "unpack it first"),
        (b"PK\x03\x04rest", "packed with zip"),
        (b"\x28\xb5\x2f\xfdrest", "packed with zstd"),
        (b"[1, 2", "no known format"),
        (b'{"a": 1}', "not of a DiffusionAnalyzer"),
        (b'{"a": [1, ', "no complete JSON"),
        (b"<?xml version='1.0'?><modeling><a>", "before its first frame"),
        (b"<?xml version='1.0'?><modeling></modeling>", "holds no ionic step"),
        (b"Direct configuration= 1\n0 0 0\n", "no header"),
        (b"ITEM: TIMESTEP\n0\n", "ends inside frame 0"),
        (b'1\nLattice="4 0 0 0 4 0 0 0 4"\nLi 0 0\n', "frame 0 cannot be read"),
        (b"2\nProperties=species:S:1:pos:R:3\nLi 0 0 0\nO 1 1 1\n", "periodic in 0 of 3"),
    ],
)
def test_files_that_are_none(content, message, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    refuse(path, message)


def test_paths_that_are_none(tmp_path):
    refuse(tmp_path / "absent", "No such file")
    refuse(tmp_path, "is a folder")
    (tmp_path / "x").write_text("x")
    with pytest.raises(InputError, match="format 'word' is not known"):
        read(tmp_path / "x", format="word")


@pytest.mark.parametrize("option", ["frame_interval_fs", "time_step_fs"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_times_that_are_none(option, value):
    with pytest.raises(InputError, match=f"{option} is"):
        open_trajectory("XDATCAR", **{option: value})


def test_frames_at_unequal_intervals(tmp_path):
    path = write_lammps(make_walk(n_frames=5), tmp_path / "dump")
    text = path.read_text().replace("ITEM: TIMESTEP\n30\n", "ITEM: TIMESTEP\n35\n")
    path.write_text(text)
    refuse(path, "frame 3 comes 15 steps after the one before it, not 10")
    path.write_text(text.replace("ITEM: TIMESTEP\n35\n", "ITEM: TIMESTEP\n20\n"))
    refuse(path, "frame 3 comes 0 steps after")


def test_a_dump_without_ids_or_positions(tmp_path):
    path = write_lammps(make_walk(n_frames=3), tmp_path / "dump")
    text = path.read_text()
    path.write_text(text.replace("ATOMS id", "ATOMS nr"))
    refuse(path, "no column 'id'")
    path.write_text(text.replace("xu yu zu", "vx vy vz"))
    refuse(path, "no positions among its columns")
    path.write_text(text.replace("pp pp pp", "pp pp ff"))
    refuse(path, "boundaries pp pp ff")


def test_an_hdf5_file_of_another_layout(tmp_path):
    h5py = pytest.importorskip("h5py")
    walk = make_walk(n_frames=4)

    def change(edit):
        path = write_h5md(walk, tmp_path / "walk.h5")
        with h5py.File(path, "r+") as file:
            edit(file["particles/all"])
        return path

    def drop(name):
        return lambda group: group.__delitem__(name)

    def replace(name, value):
        def edit(group):
            del group[name]
            group[name] = value

        return edit

    def set_unit(group):
        group["position/value"].attrs["unit"] = "furlong"

    uneven = [0, 1, 5, 6]
    for edit, message in (
        (drop("position"), "0 groups of particles"),
        (drop("species"), "species"),
        (drop("box"), "a box with edges"),
        (replace("species", np.arange(28)), "has no element"),
        (replace("species", np.zeros(3, dtype=int)), "species of shape"),
        (replace("box/edges", np.eye(2)), r"box edges of shape \(2, 2\)"),
        (replace("position/value", np.zeros((4, 28))), r"positions of shape \(4, 28\)"),
        (replace("position/step", uneven), "frame 2 comes 4 units"),
        (set_unit, "unit 'furlong'"),
    ):
        refuse(change(edit), message)


def test_a_cell_of_another_kind(tmp_path):
    walk = make_walk(n_frames=4)
    walk.cells_A[2] = 0.0
    refuse(write_xdatcar(walk, tmp_path / "a", repeats_header=True), "the cell of frame 2")
    tiny = Walk(walk.species, walk.scaled, np.tile(0.1 * walk.cells_A[0], (4, 1, 1)))
    refuse(write_xdatcar(tiny, tmp_path / "b"), "are they in nm")


def test_json_of_other_atoms(whole, tmp_path):
    path = tmp_path / "analyzer.json"
    record = json.loads((whole / "analyzer.json").read_bytes())
    path.write_text(json.dumps(record | {"displacements": record["displacements"][:5]}))
    refuse(path, r"displacements of shape \(5, 4, 3\) for 28 atoms")
    path.write_text(json.dumps(record | {"lattices": [np.eye(3).tolist()] * 3}))
    refuse(path, "3 cells for 4 frames")
    record["structure"]["sites"][0]["species"] *= 2
    path.write_text(json.dumps(record))
    refuse(path, "shared by several elements")


positions = st.floats(0, 1)
edits = st.one_of(
    st.tuples(st.just("cut"), positions, st.just(b"")),
    st.tuples(st.just("overwrite"), positions, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), positions, st.binary(min_size=1, max_size=8)),
    st.tuples(
        st.just("overwrite"), positions, st.sampled_from([b"nan", b"-", b"1e999", b"\n", b"\0\0"])
    ),
    st.tuples(st.just("drop line"), positions, st.just(b"")),
    st.tuples(st.just("repeat line"), positions, st.just(b"")),
)


def damage(content, changes):
    for kind, place, new in changes:
        at = int(place * len(content))
        start = content.rfind(b"\n", 0, at) + 1
        end = content.find(b"\n", at) + 1 or len(content)
        content = {
            "cut": content[:at],
            "overwrite": content[:at] + new + content[at + len(new) :],
            "insert": content[:at] + new + content[at:],
            "drop line": content[:start] + content[end:],
            "repeat line": content[:end] + content[start:],
        }[kind]
    return content


@pytest.mark.parametrize("name", WRITERS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(edits, min_size=1, max_size=3), drop=st.booleans())
@example(changes=[("cut", 0.999, b"")], drop=False)
@example(changes=[("drop line", 0.5, b"")], drop=True)
def test_a_damaged_file_is_read_or_refused(name, changes, drop, whole, tmp_path):
    path = tmp_path / name
    path.write_bytes(damage((whole / name).read_bytes(), changes))
    message = str(path)
    try:
        assert np.isfinite(read(path, drop_cut_frame=drop).positions_A).all()
    except InputError as err:
        message = str(err)
    assert "\n" not in message
    assert str(path) in message


@pytest.mark.parametrize("format_", FORMATS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=200))
def test_junk_is_refused_whatever_it_is_called(format_, content, tmp_path):
    path = tmp_path / "junk"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path, format=format_)
    assert "\n" not in str(caught.value)
