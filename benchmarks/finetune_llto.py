"""Fine-tune CHGNet on PBE labels of Li-La-Ti-O with Sr, Ba and Al; errors on what it never saw.

    python benchmarks/finetune_llto.py               # all of it: 55 CPU minutes
    python benchmarks/finetune_llto.py --curve --seeds 1 --no-apart   # the main training only: 12
    python benchmarks/finetune_llto.py --quick       # one epoch; writes nothing

Held out are whole trajectories, everything at 1200 K, and every frame with barium, which the
potential meets only as BaO and BaTiO3 in the fit of reference energies. The epoch that is kept is
chosen by the validation frames. "raw" is CHGNet 0.3.0 as it is, "before" the same with its
reference energies corrected, "after" the trained potential. The learning curve trains again on
parts of the trajectories. Trainings with other seeds see the same frames in another order; their
scatter is the error of the training, and together they are the committee. One more training leaves
the oxides to the fit of reference energies. Trainings are kept in --folder and go on there after a
kill.

Written are docs/data/finetune_llto.json, the table in docs/training.md and its figure. The last
line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "examples" / "llto_labels" / "llto_pbe_labels.extxyz.gz"
DATA = ROOT / "docs" / "data" / "finetune_llto.json"
FIGURE = ROOT / "docs" / "figures" / "finetune_llto.png"
PAGE = ROOT / "docs" / "training.md"
MARKS = ("<!-- finetune_llto: begin -->\n", "<!-- finetune_llto: end -->")
HELD_OUT_TEMPERATURES_K = (1200.0,)
HELD_OUT_ELEMENTS = ("Ba",)
AIMED_AT = ("held_out_trajectory", "held_out_dopant")
"""Splits that the figures at the top of the JSON are of, together."""
OXIDES = "reference"
"""Kind of the frames of binary oxides and of SrTiO3, BaTiO3 and LaAlO3."""
NAMES = {
    "train": "training frames",
    "oxides": "training frames, oxides",
    "validation": "validation frames",
    "held_out_trajectory": "held-out trajectories",
    "held_out_temperature": "held-out temperature (1200 K)",
    "held_out_dopant": "held-out dopant (Ba)",
    "reference": "BaO and BaTiO3",
    "held_out": "held-out trajectories and dopant",
    "held_out_md": "of these, from MD",
    "held_out_rattled": "of these, rattled",
}
COLUMNS = (
    ("energy MAE (meV/atom)", "energy_mae_meV_atom", ".1f"),
    ("force MAE (meV/Å)", "force_mae_meV_A", ".0f"),
    ("stress MAE (GPa)", "stress_mae_GPa", ".2f"),
    ("slope", "softening_slope", ".3f"),
)
"""Titles, keys and formats; a column without a number is left out."""
AIMS = ("energy MAE (meV/atom)", "force MAE (meV/Å)", "slope")
SUMMARY = ("energy_mae_meV_atom", "force_mae_meV_A", "softening_slope")


def read_set(path: Path, *, seed: int, train_references: bool = True) -> Any:
    """Return the labels as a training set with its splits."""
    from perolyte.dft.extxyz import read_extxyz
    from perolyte.dft.labels import build_label
    from perolyte.jobs.training_set import assemble_training_set

    labels = [build_label(raw) for raw in read_extxyz(path)]
    return assemble_training_set(
        labels,
        held_out_temperatures_K=HELD_OUT_TEMPERATURES_K,
        held_out_elements=HELD_OUT_ELEMENTS,
        validation_fraction=0.15,
        held_out_fraction=0.15,
        train_references=train_references,
        seed=seed,
        name="LLTO, PBE",
    )


def choose_settings(epochs: int, device: str | None) -> Any:
    from perolyte.potentials.training import TrainingSettings, TrainingStage

    # Rate and weights were chosen by the validation frames; see docs/training.md.
    return TrainingSettings(
        stages=(TrainingStage(epochs, 3e-3),),
        batch_size=2,
        patience=40,
        device=device,
    )


def train_on_part(
    training_set: Any, part: float, folder: Path, settings: Any, seed: int
) -> tuple[Any, int]:
    """Train on the oxides and a part of the trajectories; parts of one seed hold each other."""
    from perolyte.potentials.training import train_potential

    own = [frame for frame in training_set.frames if frame.split == "train"]
    names = sorted({frame.trajectory for frame in own if frame.kind != OXIDES})
    order = np.random.default_rng(seed).permutation(len(names))
    chosen = {names[index] for index in order[: max(1, round(part * len(names)))]}
    kept = [frame for frame in own if frame.trajectory in chosen]
    n_frames = len(kept)
    kept += [frame for frame in own if frame.kind == OXIDES]
    frames = [frame.to_frame() for frame in kept]
    started = time.process_time()
    name = f"part_{part:g}_seed_{seed}" + ("" if training_set.train_references else "_apart")
    outcome = train_potential(
        frames,
        training_set.frames_of("validation"),
        folder=folder / name,
        settings=settings,
        seed=seed,
        references=training_set.frames_of("reference"),
        on_epoch=lambda errors: print(
            f"{part:g}: epoch {errors.epoch}, train {errors.train_energy_meV_atom:.1f} meV/atom "
            f"{errors.train_force_meV_A:.0f} meV/Å, validation "
            f"{errors.validation_energy_meV_atom:.1f} meV/atom "
            f"{errors.validation_force_meV_A:.0f} meV/Å, {time.process_time() - started:.0f} s",
            flush=True,
        ),
    )
    return outcome, n_frames


def judge(
    potentials: Sequence[str | Path], training_set: Any, device: str | None
) -> dict[str, Any]:
    """Return the errors of each split, and of those aimed at together and by kind of frame.

    Several potentials are judged as a committee.
    """
    from perolyte.potentials import load_potential
    from perolyte.potentials.committee import Committee
    from perolyte.potentials.training import evaluate_frames

    members = [load_potential(potential, device=device) for potential in potentials]
    judged = members[0] if len(members) == 1 else Committee(members)
    groups = {
        split: [frame for frame in training_set.frames if frame.split == split]
        for split in training_set.n_frames
    }
    groups["train"], groups["oxides"] = (
        [frame for frame in groups["train"] if (frame.kind == OXIDES) == are_oxides]
        for are_oxides in (False, True)
    )
    aimed_at = [frame for frame in training_set.frames if frame.split in AIMED_AT]
    groups["held_out"] = aimed_at
    for kind in ("md", "rattled"):
        groups[f"held_out_{kind}"] = [frame for frame in aimed_at if frame.kind == kind]
    errors: dict[str, Any] = {}
    for name, frames in groups.items():
        if frames:
            found = evaluate_frames(
                judged,
                [frame.to_frame() for frame in frames],
                blocks=[frame.trajectory for frame in frames],
            )
            components = np.concatenate([np.ravel(frame.forces_eV_A) for frame in frames])
            mean_eV_A = float(np.abs(components).mean())
            errors[name] = round_numbers({**asdict(found), "mean_force_meV_A": 1000 * mean_eV_A})
    return errors


def round_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: round_numbers(item) for key, item in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def run(arguments: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], Any]:
    """Train, judge, and train on parts; return the figures and the potential's document."""
    from perolyte.jobs.training import describe_training

    training_set = read_set(arguments.labels, seed=arguments.seed)
    print(f"frames: {training_set.n_frames}", flush=True)
    settings = choose_settings(arguments.epochs, arguments.device)
    outcome, n_frames = train_on_part(training_set, 1.0, folder, settings, arguments.seed)
    document = describe_training(outcome, training_set, name="CHGNet fine-tuned on LLTO")
    errors = {
        "raw": judge(["chgnet"], training_set, arguments.device),
        "before": judge([outcome.baseline], training_set, arguments.device),
        "after": judge([outcome.checkpoint], training_set, arguments.device),
    }
    curve = [summarise_part(1.0, n_frames, errors["after"], outcome)]
    for part in sorted(arguments.curve, reverse=True):
        smaller, n_frames = train_on_part(training_set, part, folder, settings, arguments.seed)
        found = judge([smaller.checkpoint], training_set, arguments.device)
        curve.append(summarise_part(part, n_frames, found, smaller))
    repeats = [{"seed": arguments.seed, **pick(errors["after"])}]
    members = [outcome.checkpoint]
    for seed in range(arguments.seed + 1, arguments.seed + arguments.seeds):
        again, _ = train_on_part(training_set, 1.0, folder, settings, seed)
        members.append(again.checkpoint)
        found = judge([again.checkpoint], training_set, arguments.device)
        repeats.append({"seed": seed, **pick(found)})
    if arguments.apart:
        apart = read_set(arguments.labels, seed=arguments.seed, train_references=False)
        other, _ = train_on_part(apart, 1.0, folder, settings, arguments.seed)
        errors["oxides_apart"] = judge([other.checkpoint], training_set, arguments.device)
    if len(members) > 1:
        errors["committee"] = judge(members, training_set, arguments.device)
    figures: dict[str, Any] = {
        name: {stage: found["held_out"][name] for stage, found in errors.items()}
        for name in SUMMARY
    }
    figures |= {
        "command": "python benchmarks/finetune_llto.py",
        "held_out": list(AIMED_AT),
        "errors": errors,
        "learning_curve": sorted(curve, key=lambda entry: entry["n_frames"]),
        "seeds": repeats,
        "n_frames": training_set.n_frames,
        "n_trajectories": training_set.n_trajectories,
        "level_of_theory": training_set.settings,
        "reference_shifts_eV": round_numbers(outcome.reference_shifts.shifts_eV),
        "settings": outcome.settings.as_dict(),
        "best_epoch": outcome.best_epoch,
        "stopped_by": outcome.stopped_by,
        "seed": arguments.seed,
        "data_sha256": outcome.data_sha256,
        "weights_sha256": outcome.weights_sha256,
        "computed_on": document.computed_on,
    }
    return figures, document


def summarise_part(part: float, n_frames: int, errors: dict[str, Any], outcome: Any) -> Any:
    held_out = pick(errors)
    return {"part": part, "n_frames": n_frames, **held_out, "best_epoch": outcome.best_epoch}


def pick(errors: dict[str, Any]) -> dict[str, float]:
    """Return what is aimed at."""
    return {name: errors["held_out"][name] for name in SUMMARY}


def format_tables(figures: dict[str, Any]) -> str:
    """Return what docs/training.md shows, as Markdown."""
    tables = [format_splits(figures["errors"]["before"], figures["errors"]["after"])]
    curve = figures["learning_curve"]
    tables.append(
        format_table(["training frames", *AIMS], [[e["n_frames"], *aims(e)] for e in curve])
    )
    if "oxides_apart" in figures["errors"]:
        tables.append(format_oxides(figures["errors"]))
    if len(figures["seeds"]) > 1:
        rows = [[entry["seed"], *aims(entry)] for entry in figures["seeds"]]
        rows.append(["committee of these", *aims(pick(figures["errors"]["committee"]))])
        tables.append(format_table(["seed", *AIMS], rows))
    return "\n".join(tables)


def format_splits(before: dict[str, Any], after: dict[str, Any]) -> str:
    shown = [split for split in NAMES if split in after]
    columns = [
        column for column in COLUMNS if any(after[split][column[1]] is not None for split in shown)
    ]
    titles = ["frames", "n", "mean force (meV/Å)", *(title for title, _, _ in columns)]
    rows = [
        [
            NAMES[split],
            after[split]["n_frames"],
            f"{after[split]['mean_force_meV_A']:.0f}",
            *(pair(before[split], after[split], key, form) for _, key, form in columns),
        ]
        for split in shown
    ]
    return format_table(titles, rows)


def format_oxides(errors: dict[str, Any]) -> str:
    splits = ("held_out_trajectory", "held_out_dopant", "oxides")
    units = (("energy_mae_meV_atom", "meV/atom", ".1f"), ("force_mae_meV_A", "meV/Å", ".0f"))
    titles = [f"{NAMES[split]} ({unit})" for split in splits for _, unit, _ in units]
    rows = [
        [
            name,
            *(
                f"{errors[key][split][number]:{form}}"
                for split in splits
                for number, _, form in units
            ),
        ]
        for name, key in (
            ("trained on", "after"),
            ("in the fit of reference energies only", "oxides_apart"),
        )
    ]
    return format_table(["oxides", *titles], rows)


def format_table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def aims(found: dict[str, Any]) -> list[str]:
    """Return what is aimed at, as text."""
    return [
        f"{found['energy_mae_meV_atom']:.1f}",
        f"{found['force_mae_meV_A']:.0f}",
        f"{found['softening_slope']:.3f}",
    ]


def pair(before: dict[str, Any], after: dict[str, Any], key: str, form: str) -> str:
    """Return a number before and after, with its error where it has one; no slope without one."""
    values = (before[key], after[key])
    if key == "softening_slope" and after["softening_slope_error"] is None:
        return "-"
    text = " → ".join("-" if value is None else format(value, form) for value in values)
    error = after.get(f"{key}_error")
    return text if error is None else f"{text} ± {error:{form}}"


def write_results(figures: dict[str, Any], document: Any) -> None:
    """Write the JSON, the table in the page between its marks, and the figure."""
    from perolyte.files import replace_file
    from perolyte.reports import training_figure
    from perolyte.reports.figures import render_figure

    replace_file(DATA, json.dumps(figures, indent=1) + "\n")
    replace_file(FIGURE, render_figure(training_figure(document), "png"))
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(MARKS[0])
    tail = rest.split(MARKS[1])[1]
    replace_file(PAGE, head + MARKS[0] + format_tables(figures) + MARKS[1] + tail)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--folder", type=Path, default=None, help="of the trainings, kept")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--curve", type=float, nargs="*", default=[0.25, 0.5])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3, help="trainings on all frames")
    parser.add_argument("--apart", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--device", default=None)
    parser.add_argument("--quick", action="store_true", help="one epoch; writes nothing")
    return parser.parse_args(arguments)


def main(given: Sequence[str] | None = None) -> int:
    arguments = parse(given)
    if arguments.quick:
        arguments.epochs, arguments.curve, arguments.seeds = 1, [], 1
        arguments.apart = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        figures, document = run(arguments, folder)
    if not arguments.quick:
        write_results(figures, document)
    print(json.dumps({name: figures[name] for name in SUMMARY}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
