"""How dense must the mesh of k-points be for labels of a hot cell? GPAW, PBE, 600 eV.

    python benchmarks/label_convergence.py           # ten minutes on one core
    python benchmarks/label_convergence.py --quick   # 300 eV and two meshes; writes nothing

The frame is one of the label set in examples/llto_labels: LiLaTi2O6 (10 atoms, 3.9 x 3.9 x 7.8 Å)
from molecular dynamics at 600 K. Written are docs/data/label_convergence.json and the table in
docs/labels.md. The last line printed is one JSON object.
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
DATA = ROOT / "docs" / "data" / "label_convergence.json"
PAGE = ROOT / "docs" / "labels.md"
MARKS = ("<!-- label_convergence: begin -->\n", "<!-- label_convergence: end -->")
LENGTHS_A = (7.5, 11.0, 15.0, 19.0)


def read_frame(path: Path) -> Any:
    from perolyte.dft.extxyz import read_extxyz

    return next(raw.structure for raw in read_extxyz(path) if raw.name == FRAME)


def run(
    structure: Any, settings: dict[str, Any], lengths_A: Sequence[float], store_path: Path
) -> Any:
    """Label the frame with each mesh; return the document and the labels."""
    from perolyte.execution import run_flow
    from perolyte.flows import LabelConvergenceMaker, LabelMaker
    from perolyte.jobs.stored_labels import read_stored_labels
    from perolyte.schemas import LabelConvergenceDoc
    from perolyte.stores import open_store

    maker = LabelConvergenceMaker(values=lengths_A, label_maker=LabelMaker(engine_kwargs=settings))
    flow = maker.make({FRAME: structure})
    store = open_store(str(store_path))
    try:
        run_flow(flow, store, folder=store_path.with_name("run"), n_workers=1)
        labels, _ = read_stored_labels(store)
        (found,) = store.query({"output.schema_name": "LabelConvergenceDoc"})
    finally:
        store.close()
    return LabelConvergenceDoc(**found["output"]), labels


def describe(document: Any, label: Any, cpu_s: float) -> dict[str, Any]:
    from perolyte.dft.gpaw import count_kpoints

    lengths_A = label.structure.lattice.abc
    return {
        "command": "python benchmarks/label_convergence.py",
        "frame": FRAME,
        "lengths_A": [round(x, 3) for x in lengths_A],
        "status": document.status,
        "reasons": document.reasons,
        "chosen_kpoint_length_A": document.chosen,
        "energy_tolerance_meV_atom": document.energy_tolerance_meV_atom,
        "force_tolerance_meV_A": document.force_tolerance_meV_A,
        "engine_version": label.engine_version,
        "rows": [
            {
                "kpoint_length_A": row.value,
                "mesh": list(count_kpoints(lengths_A, row.value)),
                "energy_meV_atom": round(row.energy_meV_atom, 2),
                "force_meV_A": round(row.force_meV_A, 1),
                "stress_GPa": round(row.stress_GPa, 3),
            }
            for row in document.differences
        ],
        "cpu_s": round(cpu_s),
    }


def format_table(figures: dict[str, Any]) -> str:
    lines = [
        "| `kpoint_length_A` | mesh | energy (meV/atom) | forces (meV/Å) | stress (GPa) |",
        "|---|---|---|---|---|",
    ]
    for row in figures["rows"]:
        mesh = "×".join(str(n) for n in row["mesh"])
        lines.append(
            f"| {row['kpoint_length_A']:g} | {mesh} | {row['energy_meV_atom']:.1f} "
            f"| {row['force_meV_A']:.0f} | {row['stress_GPa']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--labels", type=Path, default=LABELS)
    arguments = parser.parse_args(given)
    quick = arguments.quick
    settings = {"plane_wave_cutoff_eV": 300.0} if quick else {}
    with tempfile.TemporaryDirectory() as folder:
        document, labels = run(
            read_frame(arguments.labels),
            settings,
            LENGTHS_A[: 2 if quick else None],
            Path(folder) / "store",
        )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = describe(document, labels[0], used.ru_utime + used.ru_stime)
    if not quick:
        from perolyte.files import replace_file

        replace_file(DATA, json.dumps(figures, indent=1) + "\n")
        head, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
        tail = rest.split(MARKS[1])[1]
        replace_file(PAGE, head + MARKS[0] + format_table(figures) + MARKS[1] + tail)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
