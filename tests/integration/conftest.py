"""Campaigns on the cheap potential, run as processes."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

TOY_CAMPAIGN: dict[str, Any] = {
    "name": "toy",
    "seed": 7,
    "potential": {
        "name": "support.toy_electrolyte.ToyElectrolyte",
        "kwargs": {"repulsion_eV": 1.0},
    },
    "parent": {
        "structure": "",
        "supercell": [2, 2, 3],
        "composition": {"Li": 3, "La": 7},
        "oxidation_states": {"Li": 1, "La": 3, "Ti": 4, "O": -2},
        "roles": {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
        "mobile_ion": "Li",
        "n_samples": 20,
    },
    "dopings": [
        {"element": "Sr", "oxidation_state": 2, "scheme": "S3", "count": 2},
        {"element": "Al", "oxidation_state": 3, "scheme": "A1", "count": 1},
    ],
    "vacancies": [{"element": "O", "count": 1, "compensation": {"Li": 2}}],
    # the toy's forces jump where an ion has two equally near images, in the small oxide cells
    "relaxation": {"force_limit_eV_A": 0.2, "max_steps": 200, "relax_cell": False},
    "conductivity": {
        "temperatures_K": [1300, 1600, 2000],
        "n_best": 1,
        "time_step_fs": 2.0,
        "equilibration_ps": 0.1,
        "production_ps": 0.3,
        "frame_interval_fs": 20.0,
        "cell_equilibration_ps": 0,  # the toy has no stress
        "temperatures_per_job": 1,
    },
    "grain_boundary": {
        "conductivity_S_cm": 1.6e-8,
        "thickness_nm": 1.0,
        "temperature_K": 300,
        "source": "a test",
        "reference_bulk_S_cm": 1.5e-3,
    },
}

MakeCampaign = Callable[..., Path]
RunCommand = Callable[..., "subprocess.CompletedProcess[str]"]


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge nested dictionaries; a value of None removes a key."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


@pytest.fixture(scope="session")
def environment(repository: Path) -> dict[str, str]:
    """Environment of the commands: they can import the cheap potential."""
    path = os.pathsep.join(filter(None, [str(repository / "tests"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "120"}


@pytest.fixture(scope="session")
def make_campaign(repository: Path) -> MakeCampaign:
    """Write the toy campaign, with changes, into a folder."""

    def make(folder: Path, **changes: Any) -> Path:
        structure = repository / "examples" / "structures" / "llto_cubic.cif"
        content = merge(TOY_CAMPAIGN, {"parent": {"structure": str(structure)}})
        path = folder / "campaign.yaml"
        path.write_text(yaml.safe_dump(merge(content, changes)), encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="session")
def command() -> list[str]:
    """The command line, as a list to which arguments are added."""
    return [sys.executable, "-m", "perolyte.cli.app"]


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_commands() -> None:
    """Let children hear Ctrl-C, which a shell without job control has its background ignore."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def run_command(command: list[str], environment: dict[str, str]) -> RunCommand:
    """Run ``perolyte ...`` to its end."""

    def run(*arguments: object, timeout_s: float = 800.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
