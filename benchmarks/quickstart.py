"""Time and memory of the quickstart, and of the things a user waits for first.

    python benchmarks/quickstart.py            # the campaign as it is, some minutes
    python benchmarks/quickstart.py --quick    # one doping, few steps: under 45 s

The last line is one JSON object: wall seconds and peak memory of all processes together (sampled
every 0.2 s, resident set sizes added up), seconds of the same command a second time, of
``import perolyte`` and of ``perolyte --help`` (medians of five).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "perolyte.cli.app"]


def measure(arguments: list[str]) -> tuple[float, float]:
    """Run a command; return wall seconds and the peak memory of its process tree in MB."""
    begin, peak = time.perf_counter(), 0
    process = psutil.Popen(arguments, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(map(resident_bytes, [process, *children_of(process)])))
        time.sleep(0.2)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with code {process.returncode}")
    return time.perf_counter() - begin, peak / 1e6


def resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def median_seconds(arguments: list[str]) -> float:
    runs = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
        runs.append(time.perf_counter() - begin)
    return statistics.median(runs)


def write_quick_campaign(folder: Path) -> Path:
    """Write a cut-down quickstart: one doping, loosely relaxed, a few MD steps."""
    source = ROOT / "workflows" / "quickstart.yaml"
    campaign = yaml.safe_load(source.read_text(encoding="utf-8"))
    campaign["parent"]["structure"] = str(source.parent / campaign["parent"]["structure"])
    campaign["dopings"], campaign["vacancies"] = campaign["dopings"][:1], []
    campaign["relaxation"] = {"force_limit_eV_A": 0.5, "max_steps": 5}
    campaign["conductivity"] |= {
        "temperatures_K": [1000],
        "equilibration_ps": 0.0,
        "production_ps": 0.04,
        "frame_interval_fs": 4.0,
    }
    target = folder / "quick.yaml"
    target.write_text(yaml.safe_dump(campaign), encoding="utf-8")
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = write_quick_campaign(folder) if quick else ROOT / "workflows" / "quickstart.yaml"
        run = [*COMMAND, "run", str(file), "-o", str(folder / "out")]
        seconds, peak_memory_mb = measure(run)
        again_seconds, _ = measure(run)
    figures = {
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(peak_memory_mb),
        "second_run_seconds": round(again_seconds, 1),
        "import_seconds": round(median_seconds([sys.executable, "-c", "import perolyte"]), 3),
        "help_seconds": round(median_seconds([*COMMAND, "--help"]), 3),
        "quick": quick,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
