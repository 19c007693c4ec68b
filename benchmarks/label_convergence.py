"""How fine must GPAW's settings be for labels of a hot cell? PBE.

    python benchmarks/label_convergence.py                 # 15 CPU minutes
    python benchmarks/label_convergence.py --only cutoff   # or mesh
    python benchmarks/label_convergence.py --quick         # small and coarse; writes nothing

The frames are of the label set in examples/llto_labels: LiLaTi2O6 (10 atoms, 3.9 x 3.9 x 7.8 Å)
from molecular dynamics at 600 K. Meshes of k-points are compared at 600 eV for one frame. Cutoffs
are compared on a mesh of 11 Å for three, of which two are strained by -3 and +3 %: what their
energies differ by among each other is what a training sees. Written are
docs/data/label_convergence.json and the tables in docs/labels.md. The last line printed is one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "examples" / "llto_labels" / "llto_pbe_labels.extxyz.gz"
FRAME = "LiLaTi2O6-600K-+0.00-0"
STRAINED = ("LiLaTi2O6-600K--0.03-0", FRAME, "LiLaTi2O6-600K-+0.03-0")
DATA = ROOT / "docs" / "data" / "label_convergence.json"
PAGE = ROOT / "docs" / "labels.md"
MARKS = ("<!-- label_convergence: begin -->\n", "<!-- label_convergence: end -->")
SERIES: dict[str, tuple[str, tuple[float, ...], dict[str, float], tuple[str, ...]]] = {
    "mesh": (
        "kpoint_length_A",
        (7.5, 11.0, 15.0, 19.0),
        {"plane_wave_cutoff_eV": 600.0},
        (FRAME,),
    ),
    "cutoff": (
        "plane_wave_cutoff_eV",
        (600.0, 800.0, 1000.0),
        {"kpoint_length_A": 11.0},
        STRAINED,
    ),
}
"""Setting, its values, what is held, and the frames."""


def read_frames(path: Path) -> dict[str, Any]:
    from perolyte.dft.extxyz import read_extxyz

    structures = {raw.name: raw.structure for raw in read_extxyz(path)}
    return {name: structures[name] for name in STRAINED}


def run(
    structures: dict[str, Any],
    option: str,
    values: Sequence[float],
    held: dict[str, float],
    folder: Path,
) -> Any:
    """Label the frames with each value; return the document and a label."""
    from perolyte.execution import run_flow
    from perolyte.flows import LabelConvergenceMaker, LabelMaker
    from perolyte.jobs.stored_labels import read_stored_labels
    from perolyte.schemas import LabelConvergenceDoc
    from perolyte.stores import open_store

    maker = LabelConvergenceMaker(option, values, LabelMaker(engine_kwargs=held))
    flow = maker.make(structures)
    store = open_store(str(folder / "store"))
    try:
        run_flow(flow, store, folder=str(folder / "run"), n_workers=1)
        labels, _ = read_stored_labels(store)
        found = store.query_one({"uuid": flow.output.uuid})
    finally:
        store.close()
    return LabelConvergenceDoc(**found["output"]), labels[0]


def measure(structures: dict[str, Any], name: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    from perolyte.dft.gpaw import count_kpoints

    option, values, held, frames = SERIES[name]
    if quick:
        values, frames = values[:2], frames[:1]
        held = {"kpoint_length_A": 7.5} if name == "cutoff" else held
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    chosen = {key: structures[key] for key in frames}
    document, label = run(chosen, option, values, held, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = []
    for row in document.differences:
        if row.reasons:
            raise SystemExit(f"{option} {row.value:g}: {'; '.join(row.reasons)}")
        length_A = {**held, option: row.value}["kpoint_length_A"]
        rows.append(
            {
                option: row.value,
                "mesh": list(count_kpoints(structures[FRAME].lattice.abc, length_A)),
                "energy_meV_atom": round(row.energy_meV_atom, 2),
                "relative_energy_meV_atom": None
                if row.relative_energy_meV_atom is None
                else round(row.relative_energy_meV_atom, 2),
                "force_meV_A": round(row.force_meV_A, 1),
                "stress_GPa": round(row.stress_GPa, 3),
            }
        )
    return {
        "option": option,
        "held": held,
        "frames": list(frames),
        "status": document.status,
        "reasons": document.reasons,
        "chosen": document.chosen,
        "energy_tolerance_meV_atom": document.energy_tolerance_meV_atom,
        "force_tolerance_meV_A": document.force_tolerance_meV_A,
        "engine_version": label.engine_version,
        "rows": rows,
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
    }


def format_tables(figures: dict[str, Any]) -> str:
    tables = []
    for name in SERIES:
        if name not in figures["series"]:
            continue
        option, rows = (figures["series"][name][key] for key in ("option", "rows"))
        quantities = "energy (meV/atom) | among frames (meV/atom) | forces (meV/Å) | stress (GPa)"
        lines = [f"| `{option}` | mesh | {quantities} |", "|---|---|---|---|---|---|"]
        for row in rows:
            mesh = "×".join(str(n) for n in row["mesh"])
            among = row["relative_energy_meV_atom"]
            lines.append(
                f"| {row[option]:g} | {mesh} | {row['energy_meV_atom']:.1f} "
                f"| {'-' if among is None else format(among, '.1f')} "
                f"| {row['force_meV_A']:.0f} | {row['stress_GPa']:.2f} |"
            )
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def write(figures: dict[str, Any]) -> None:
    from perolyte.files import replace_file

    replace_file(DATA, json.dumps(figures, indent=1) + "\n")
    head, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    tail = rest.split(MARKS[1])[1]
    replace_file(PAGE, head + MARKS[0] + format_tables(figures) + MARKS[1] + tail)


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(SERIES), help="the other series stays as it is")
    parser.add_argument("--folder", type=Path, help="of the labels; kept, and gone on with")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--labels", type=Path, default=LABELS)
    arguments = parser.parse_args(given)
    structures = read_frames(arguments.labels)
    series = {}
    if arguments.only and DATA.exists():
        series = json.loads(DATA.read_text(encoding="utf-8"))["series"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for name in [arguments.only] if arguments.only else list(SERIES):
            series[name] = measure(structures, name, folder / name, quick=arguments.quick)
    figures = {
        "command": "python benchmarks/label_convergence.py",
        "lengths_A": [round(x, 3) for x in structures[FRAME].lattice.abc],
        "series": series,
    }
    if not arguments.quick:
        write(figures)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
