"""How fast `perolyte ingest` reads and classifies CIFs, and how much memory it takes.

The 254 CIFs of OBELiX (doi 10.48550/arXiv.2502.14234) are read by the command itself, as a process:
10,000 files in one command, each of the 254 under many names. With --quick, each of the 254 once.

    python benchmarks/ingest.py [--quick] [--data FOLDER] [--files N] [--workers N]

FOLDER holds obelix_train/cifs; default: the variable PEROLYTE_SHARED_DATA. The last line is one
JSON object. Memory is the sum of the resident memory of all processes, pages that they share
counted in each of them; growth is the median of the last fifth of the run above that of its second
fifth. `cpu_s` is the processor time of all processes: on a machine that does nothing else, the
files take that, divided by the workers, and a few seconds for the start.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

N_FULL = 10_000
N_QUICK = 254
SAMPLE_S = 0.25
BYTES_PER_MB = 1e6


def main() -> None:
    arguments = read_arguments()
    cifs = find_cifs(arguments.data)
    n_files = N_QUICK if arguments.quick else arguments.files
    with tempfile.TemporaryDirectory(prefix="perolyte-benchmark-") as scratch:
        folder, table = Path(scratch, "cifs"), Path(scratch, "table.csv")
        folder.mkdir()
        for index in range(n_files):
            cif = cifs[index % len(cifs)]
            (folder / f"{index // len(cifs):03d}-{cif.name}").symlink_to(cif)
        command = [sys.executable, "-m", "perolyte.cli.app", "ingest", str(folder)]
        command += ["-o", str(table), "--workers", str(arguments.workers)]
        seconds, memory_mb = run_and_watch(command)
        with table.open(newline="") as file:
            statuses = Counter(row["status"] for row in csv.DictReader(file))
    if statuses.total() != n_files:
        sys.exit(f"{statuses.total()} rows for {n_files} files")
    fifth = max(1, len(memory_mb) // 5)
    early, late = memory_mb[fifth : 2 * fifth], memory_mb[-fifth:]
    result = {
        "files_per_second": round(n_files / seconds, 1),
        "peak_memory_mb": round(max(memory_mb)),
        "memory_growth_mb": round(statistics.median(late) - statistics.median(early)),
        "cpu_s": round(count_child_cpu(), 1),
        "n_files": n_files,
        "n_workers": arguments.workers,
        "seconds": round(seconds, 1),
        **{f"n_{status}": count for status, count in sorted(statuses.items())},
    }
    print(json.dumps(result))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK} files, within 45 s")
    parser.add_argument("--data", type=Path, default=os.environ.get("PEROLYTE_SHARED_DATA"))
    parser.add_argument("--files", type=int, default=N_FULL, help="without --quick")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def find_cifs(data: Path | str | None) -> list[Path]:
    if data is None:
        sys.exit("no data: set PEROLYTE_SHARED_DATA or --data to the parent of obelix_train")
    cifs = sorted(Path(data, "obelix_train", "cifs").resolve().glob("*.cif"))
    if not cifs:
        sys.exit(f"no CIF in {Path(data, 'obelix_train', 'cifs')}; give the right folder as --data")
    return cifs


def run_and_watch(command: list[str]) -> tuple[float, list[float]]:
    """Run a command; return its seconds and samples of the memory of it and its children."""
    started_s = time.monotonic()
    process = subprocess.Popen(command)
    memory_mb = [0.0]
    while process.poll() is None:
        memory_mb.append(add_up_memory(process.pid))
        time.sleep(SAMPLE_S)
    seconds = time.monotonic() - started_s
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with code {process.returncode}")
    return seconds, memory_mb


def count_child_cpu() -> float:
    """Processor seconds of all processes that have ended."""
    times = resource.getrusage(resource.RUSAGE_CHILDREN)
    return times.ru_utime + times.ru_stime


def add_up_memory(process_id: int) -> float:
    total = 0
    try:
        parent = psutil.Process(process_id)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / BYTES_PER_MB


if __name__ == "__main__":
    main()
