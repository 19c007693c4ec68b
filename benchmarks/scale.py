"""A campaign of 10,000 candidates: build, submit and query it, in seconds and memory.

    python benchmarks/scale.py [--quick] [--candidates N] [--finished]

Li3La7Ti12O36 (58 sites) with four trivalent ions on titanium, 1000 arrangements of each element:
the campaign file is read, every candidate is made (which is what reading checks), the flow is
built and submitted to a LaunchPad on a local server, over its socket; the document of the
candidates is stored as the first job stores it, with 200 conductivities, and read back as tables,
with the provenance of one. With --quick, 1,000 candidates. With --finished, one relaxation of
every candidate is stored too, and the table of relaxations is read.

Seconds are processor time of this process, and of the server beside it; memory is the peak of
this process. The first run after an installation also compiles kernels: that is done before the
clock starts. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import yaml
from jobflow import JobStore
from monty.json import jsanitize

from perolyte.campaigns import Campaign, load_campaign
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.submission import submit_flow
from perolyte.execution.workflow import Submission
from perolyte.schemas import LARGE_KEY, ConductivityDoc, Provenance, RelaxDoc
from perolyte.stores import Results, open_store
from perolyte.stores.lineage import INPUT_KEY
from perolyte.stores.server import start_server, stop_server

N_FULL = 10_000
N_QUICK = 1_000
PER_DOPING = 1_000
N_CONDUCTIVITIES = 200
ELEMENTS = ("Al", "Ga", "In", "Sc", "Y", "Lu", "Cr", "Fe", "Mn", "Co")
STRUCTURE = Path(__file__).resolve().parent.parent / "examples" / "structures" / "llto_cubic.cif"
TARGETS = {"seconds": 60.0, "memory_mb": 1000.0, "document_mb": 16.0}


def main() -> None:
    arguments = read_arguments()
    n_candidates = N_QUICK if arguments.quick else arguments.candidates
    with tempfile.TemporaryDirectory(prefix="perolyte-benchmark-") as scratch:
        folder = Path(scratch)
        load_campaign(write_campaign(folder / "small.yaml", 10))  # compiles, imports
        figures: dict[str, Any] = {"baseline_memory_mb": round(peak_memory_mb())}
        campaign = build(write_campaign(folder / "scale.yaml", n_candidates), figures)
        address = start_server(folder / "store", engine="perolyte")
        try:
            server = psutil.Process(address.pid)
            with open_store(address.uri) as store:
                submit(campaign, store, address.uri, figures)
                set_uuid = store_candidates(campaign, store, figures)
                query(store, set_uuid, figures)
                figures["server_seconds"] = round(sum(server.cpu_times()[:2]), 1)
                figures["server_memory_mb"] = round(server.memory_info().rss / 1e6)
                figures["largest_document_mb"] = find_largest(store)
                report(figures)
                if arguments.finished:
                    finish(campaign, store, figures)
                    figures["server_memory_finished_mb"] = round(server.memory_info().rss / 1e6)
        finally:
            stop_server(folder / "store")
    print(json.dumps(figures))


def build(path: Path, figures: dict[str, Any]) -> Campaign:
    with timed("build_seconds", figures):
        campaign = load_campaign(path)
    figures["n_candidates"] = campaign.count_candidates()
    return campaign


def submit(campaign: Campaign, store: JobStore, uri: str, figures: dict[str, Any]) -> None:
    launchpad = open_launchpad(uri=uri)
    with timed("submit_seconds", figures):
        flow = campaign.to_flow()
        outcome = submit_flow(flow, launchpad, store, Submission(campaign.name))
    figures["n_submitted"] = outcome.n_new


def store_candidates(campaign: Campaign, store: JobStore, figures: dict[str, Any]) -> str:
    """Store what the first job returns, and conductivities that rest on it."""
    (first, *_) = campaign.to_flow().jobs
    candidates = campaign.preview().model_copy(update={"campaign": campaign.name})
    with timed("store_seconds", figures):
        store.update(
            make_document(first.uuid, "candidates", candidates),
            key=["uuid", "index"],
            save={"data": LARGE_KEY},
        )
        conductivities = [
            make_document(
                f"conductivity-{doc.name}", doc.name, make_conductivity(doc.name, campaign)
            )
            for doc in candidates.candidates[1 : N_CONDUCTIVITIES + 1]
        ]
        for document in conductivities:
            document["metadata"] = {INPUT_KEY: [first.uuid]}
        store.update(conductivities, key=["uuid", "index"])
    return str(first.uuid)


def query(store: JobStore, set_uuid: str, figures: dict[str, Any]) -> None:
    results = Results(store)
    with timed("query_seconds", figures):
        every = results.candidates()
        some = results.candidates(dopant="Al", fraction=(0.1, 0.9))
        conductivities = results.conductivities(dopant="Al", status="converged")
        points = results.conductivities(temperature_K=(600.0, 800.0))
        graph = results.provenance(conductivities["uuid"].iloc[0])
    if len(every) != figures["n_candidates"] or not len(some) or not len(points):
        raise SystemExit(f"{len(every)} candidates, {len(some)} with Al, {len(points)} points")
    if not any(node.uuid == set_uuid for node in graph.nodes):
        raise SystemExit("the provenance of a conductivity does not reach its candidates")


def finish(campaign: Campaign, store: JobStore, figures: dict[str, Any]) -> None:
    """Store a relaxation of each candidate, as a finished campaign has it, and read the table."""
    with timed("store_relaxations_seconds", figures):
        for start in range(0, figures["n_candidates"], 250):
            some = campaign.preview().candidates[start : start + 250]
            store.update(
                [make_document(f"relaxed-{doc.name}", doc.name, make_relaxed(doc)) for doc in some],
                key=["uuid", "index"],
            )
    with timed("query_relaxations_seconds", figures):
        table = Results(store).relaxations(dopant="Al")
    figures["n_relaxations_with_Al"] = len(table)
    figures["peak_memory_finished_mb"] = round(peak_memory_mb())


def write_campaign(path: Path, n_candidates: int) -> Path:
    n_dopings = -(-n_candidates // PER_DOPING)
    content = {
        "name": path.stem,
        "seed": 11,
        "parent": {
            "structure": str(STRUCTURE),
            "supercell": [2, 2, 3],
            "composition": {"Li": 3, "La": 7},
            "oxidation_states": {"Li": 1, "La": 3, "Ti": 4, "O": -2},
            "roles": {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
            "mobile_ion": "Li",
            "n_keep": min(n_candidates, PER_DOPING),
        },
        "dopings": [
            {"element": element, "oxidation_state": 3, "scheme": "A2", "count": 4}
            for element in ELEMENTS[:n_dopings]
        ],
        "conductivity": {"temperatures_K": [600, 700, 800], "n_best": N_CONDUCTIVITIES},
    }
    path.write_text(yaml.safe_dump(content))
    return path


def make_document(uuid: str, name: str, output: Any) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "index": 1,
        "name": name,
        "output": jsanitize(output, strict=True, enum_values=True, allow_bson=True),
        "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "metadata": {},
        "hosts": [],
    }


def make_conductivity(name: str, campaign: Campaign) -> ConductivityDoc:
    points = [
        {
            "temperature_K": temperature_K,
            "diffusivity_cm2_s": 1e-6,
            "diffusivity_std_cm2_s": 1e-7,
            "conductivity_S_cm": 1e-2,
            "conductivity_std_S_cm": 1e-3,
            "lag_ps": [0.1 * i for i in range(100)],
            "msd_A2": [0.2 * i for i in range(100)],
            "status": "converged",
            "reasons": [],
            "diffusion_uuids": [],
        }
        for temperature_K in (600.0, 700.0, 800.0)
    ]
    return ConductivityDoc(
        name=name,
        campaign=campaign.name,
        status="converged",
        formula="Li3La7Ti12O36",
        mobile_ion="Li",
        points=points,
        arrhenius=None,
        room_temperature=None,
        provenance=Provenance(perolyte_version="0"),
    )


def make_relaxed(candidate: Any) -> RelaxDoc:
    return RelaxDoc(
        name=candidate.name,
        campaign="scale",
        status="converged",
        candidate=candidate,
        formula=candidate.formula,
        structure=candidate.structure,
        energy_eV=-500.0,
        energy_per_atom_eV=-8.6,
        max_force_eV_A=0.01,
        force_limit_eV_A=0.05,
        volume_change_percent=0.0,
        provenance=Provenance(perolyte_version="0"),
    )


def find_largest(store: JobStore) -> float:
    """Return the size of the largest document of any collection, in MB."""
    import bson

    database = store.docs_store._collection.database
    sizes = [
        len(bson.encode(document))
        for name in ("docs", "blobs", "blob_chunks")
        for document in database[name].find()
    ]
    return round(max(sizes) / 1e6, 3)


@contextmanager
def timed(name: str, figures: dict[str, Any]) -> Iterator[None]:
    start = time.process_time()
    yield
    figures[name] = round(time.process_time() - start, 2)
    figures[name.replace("_seconds", "_peak_mb")] = round(peak_memory_mb())


def peak_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def report(figures: dict[str, Any]) -> None:
    names = ("build_seconds", "submit_seconds", "store_seconds", "query_seconds", "server_seconds")
    figures["seconds"] = round(sum(figures[name] for name in names), 1)
    figures["peak_memory_mb"] = round(peak_memory_mb())
    for name, value in figures.items():
        print(f"{name:26s} {value}")
    print(
        f"targets: {TARGETS['seconds']:g} s {figures['seconds'] <= TARGETS['seconds']}, "
        f"{TARGETS['memory_mb']:g} MB {figures['peak_memory_mb'] <= TARGETS['memory_mb']}, "
        f"documents {figures['largest_document_mb'] <= TARGETS['document_mb']}"
    )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK} candidates")
    parser.add_argument("--candidates", type=int, default=N_FULL)
    parser.add_argument("--finished", action="store_true", help="with a relaxation of each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
