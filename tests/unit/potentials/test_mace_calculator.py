"""MACE behind the contract of all potentials: a small model that is trained here."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest
import torch

from perolyte.errors import InputError, PotentialError
from perolyte.potentials import describe_potential, resolve_potential
from perolyte.potentials.choosing import build_batch_potential
from perolyte.potentials.mace_calculator import load_mace
from perolyte.potentials.training import evaluate_frames
from support.labelled_salts import rattled_salts

HAS_MACE = importlib.util.find_spec("mace") is not None
needs_mace = pytest.mark.skipif(not HAS_MACE, reason="the extra 'mace' is not installed")


def build_small_model():
    from e3nn import o3
    from mace import modules

    blocks = modules.interaction_classes
    return modules.ScaleShiftMACE(
        r_max=4.0,
        num_bessel=4,
        num_polynomial_cutoff=5,
        max_ell=1,
        interaction_cls=blocks["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=blocks["RealAgnosticInteractionBlock"],
        num_interactions=2,
        num_elements=2,
        hidden_irreps=o3.Irreps("4x0e"),
        MLP_irreps=o3.Irreps("4x0e"),
        gate=torch.nn.functional.silu,
        atomic_energies=np.array([-6.0, -6.0]),
        avg_num_neighbors=18,
        atomic_numbers=[8, 12],
        correlation=2,
        atomic_inter_scale=1.0,
        atomic_inter_shift=0.0,
    )


def train_small_model(frames, n_steps: int):
    from mace import data, tools
    from pymatgen.io.ase import AseAtomsAdaptor

    torch.manual_seed(0)
    model = build_small_model()
    table = tools.AtomicNumberTable([8, 12])
    batches = []
    for frame in frames:
        atoms = AseAtomsAdaptor.get_atoms(frame.structure)
        config = data.config_from_atoms(atoms)
        single = data.AtomicData.from_config(config, z_table=table, cutoff=4.0)
        loader = tools.torch_geometric.dataloader.DataLoader([single], batch_size=1)
        batches.append((next(iter(loader)), torch.tensor(frame.forces_eV_A).float()))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(n_steps):
        for batch, forces in batches:
            optimizer.zero_grad()
            found = model(batch.to_dict(), training=True)["forces"]
            ((found - forces) ** 2).mean().backward()
            optimizer.step()
    return model


@pytest.mark.slow
@needs_mace
def test_a_small_model_that_was_trained_here_runs_in_the_engine(tmp_path):
    frames = rattled_salts(4, seed=1)
    errors = []
    for n_steps in (0, 25):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = tmp_path / f"after_{n_steps}.model"
            torch.save(train_small_model(frames, n_steps), path)
            potential = build_batch_potential("mace", {"checkpoint": str(path), "device": "cpu"})
            errors.append(evaluate_frames(potential, frames))
    untrained, trained = errors
    assert trained.force_mae_meV_A < 0.7 * untrained.force_mae_meV_A
    described = potential.describe()
    assert described["name"] == "MACE"
    assert described == {**described, **describe_potential("mace", {"checkpoint": str(path)})}
    assert len(described["weights_sha256"]) == 64


@needs_mace
def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "no.model"
    path.write_bytes(b"no model")
    with pytest.raises(PotentialError, match=r"no\.model is not a MACE model"):
        load_mace(path, device="cpu")
    with pytest.raises(PotentialError, match="has changed since"):
        load_mace(path, device="cpu", checkpoint_sha256="0" * 64)


@pytest.mark.skipif(HAS_MACE, reason="the extra 'mace' is installed")
def test_without_the_extra_it_says_how_to_get_it(tmp_path):
    with pytest.raises(PotentialError, match=r"pip install 'perolyte\[mace\]'"):
        load_mace(tmp_path / "a.model")


def test_a_model_without_its_file_is_refused_when_the_flow_is_built():
    with pytest.raises(InputError, match="checkpoint"):
        resolve_potential("mace")
