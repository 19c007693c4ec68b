"""From a file to its document."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest

from perolyte import __version__
from perolyte.errors import InputError
from perolyte.sources import hash_file, ingest_batch, ingest_one
from support.reading import read_formulas


@pytest.fixture
def llto_file(repository: Path) -> Path:
    return repository / "examples" / "structures" / "llto_cubic.cif"


def test_a_document_holds_what_is_known(llto_file):
    document = ingest_one(llto_file)
    assert (document.status, document.name, document.path) == (
        "converged",
        "llto_cubic.cif",
        str(llto_file),
    )
    assert document.provenance.perolyte_version == __version__
    assert document.provenance.input_hash == hashlib.sha256(llto_file.read_bytes()).hexdigest()
    assert document.is_disordered
    assert document.n_sites == len(document.structure)
    assert document.cell.volume_A3 == pytest.approx(document.structure.volume)
    assert document.cell.a_A == pytest.approx(document.cell.c_A)
    assert document.density_g_cm3 == pytest.approx(5.0, rel=0.2)
    assert document.space_group.number == 221
    assert document.space_group.by_symprec == {"0.001": 221, "0.01": 221, "0.1": 221}
    assert document.oxidation_states == {"Li": 1, "La": 3, "Ti": 4, "O": -2}
    assert document.oxidation_method in ("declared", "composition")
    verdict = document.perovskite
    assert (verdict.is_perovskite, verdict.family) == ("yes", "a_site_deficient")
    assert (set(verdict.sites["A"]), verdict.sites["B"]) == ({"Li", "La"}, ["Ti"])
    assert (verdict.framework_dimension, verdict.mobile_ion) == (3, "Li")
    assert verdict.evidence
    assert set(verdict.tolerance.radii_A) == {"A", "B", "X"}
    assert verdict.tolerance.coordinations["B"] == {"Ti4+": 6}


def test_documents_without_atoms(llto_file):
    with_atoms, without = ingest_one(llto_file), ingest_one(llto_file, keep_structure=False)
    assert without.structure is None
    same = {"structure", "provenance"}
    assert with_atoms.model_dump(exclude=same) == without.model_dump(exclude=same)


def test_a_warning_of_the_reader_is_a_warning_of_the_row(tmp_path, llto_file):
    """A nominal LLTO file without its Li: cations are short of charge."""
    lines = llto_file.read_text().splitlines()
    path = tmp_path / "nominal.cif"
    kept = [line for line in lines if not line.strip().startswith("Li")]
    path.write_text("\n".join(kept))
    document = ingest_one(path)
    assert document.row_status == "warning"
    assert len(document.warnings) == len(document.warning_codes) > 0


def test_rejected_files(tmp_path):
    path = tmp_path / "empty.cif"
    path.write_bytes(b"")
    document = ingest_one(path)
    assert (document.status, document.row_status, document.rejection) == (
        "rejected",
        "rejected",
        "unreadable",
    )
    assert len(document.reasons) == 1
    assert "\n" not in document.reasons[0]
    assert document.provenance.input_hash == hashlib.sha256(b"").hexdigest()
    assert ingest_one(tmp_path / "none.cif").provenance.input_hash is None
    assert ingest_one(tmp_path / "\0.cif").row_status == "rejected"
    assert hash_file("\0") is None


def test_a_structure_that_cannot_be_classified_says_so(llto_file, monkeypatch):
    def refuse(structure: object) -> None:
        raise InputError("no\nneighbours")

    monkeypatch.setattr("perolyte.structures.classify_perovskite", refuse)
    document = ingest_one(llto_file)
    assert document.perovskite is None
    assert document.row_status == "warning"
    assert document.warning_codes[-1] == "not_classified"
    assert document.warnings[-1] == "no neighbours"


def test_batch(llto_file, tmp_path):
    documents = list(ingest_batch([llto_file, tmp_path / "none.cif"], n_workers=1))
    assert [document.row_status == "rejected" for document in documents] == [False, True]
    assert list(ingest_batch([])) == []


def test_batch_in_a_process_that_may_not_start_others(llto_file):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=read_formulas, args=(str(llto_file), answers), daemon=True)
    process.start()
    formulas = answers.get(timeout=120)
    process.join()
    assert formulas == [ingest_one(llto_file).formula] * 2
