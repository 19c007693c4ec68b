"""The job of an impedance file: its document, and the statuses it can have."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from jobflow import Flow, run_locally

from perolyte.errors import InputError
from perolyte.jobs import analyse_impedance, assign_identities, describe_impedance
from perolyte.mesoscale import CeramicConstants
from perolyte.schemas import ImpedanceDoc
from perolyte.spectra import read_spectrum
from perolyte.stores.results import Results
from support.spectra import make_circuit, make_spectrum, write_spectrum

SIZES = {"length_cm": 0.1, "area_cm2": 0.5}


@pytest.fixture
def file(tmp_path):
    return write_spectrum(
        tmp_path / "sample.csv", *make_spectrum(make_circuit(), noise=2e-3), head=""
    )


def describe(file, **options):
    options.setdefault("sample", SIZES)
    return describe_impedance(read_spectrum(file), name="sample", **options)


def test_the_document_of_a_good_spectrum(file):
    document = describe(file, sample={**SIZES, "composition": "LLTO", "temperature_K": 300.0})
    assert document.status == "converged"
    assert document.reasons == document.warnings == []
    assert document.kramers_kronig is not None
    assert document.kramers_kronig.is_consistent
    circuit = document.circuit
    assert circuit is not None
    assert circuit.label == "p(R1,CPE1)-p(R2,CPE2)-CPE3"
    assert [arc.role for arc in circuit.arcs] == ["bulk", "boundary"]
    assert np.shape(circuit.covariance) == (8, 8)
    assert circuit.tried[0][2] == 0.0
    bulk = document.find("bulk conductivity")
    assert bulk is not None
    assert bulk.value == pytest.approx(1e-4, rel=0.02)
    assert document.find("colour") is None
    assert document.provenance.input_hash == read_spectrum(file).sha256


@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_the_job_keeps_it_beside_computed_documents(file, memory_store, tmp_path):
    job = analyse_impedance(str(file), name="sample", sample=SIZES, campaign="measured")
    run_locally(
        assign_identities(Flow([job])),
        store=memory_store,
        root_dir=tmp_path,
        ensure_success=True,
        log=False,
    )
    found = Results(memory_store).documents("ImpedanceDoc", campaign="measured")
    assert found["status"].tolist() == ["converged"]
    document = ImpedanceDoc.model_validate(memory_store.get_output(job.uuid, load=True))
    assert document.uuid == job.uuid
    assert document.frequency_Hz == read_spectrum(file).frequency_Hz.tolist()


def test_sizes_stand_in_the_file_or_are_given(file, tmp_path):
    with pytest.raises(InputError, match=r"sample.csv: length_cm and area_cm2 .* not known"):
        describe(file, sample={})
    stated = write_spectrum(tmp_path / "stated.csv", *make_spectrum(make_circuit()))
    assert describe(stated, sample={}).sample.length_cm == 0.1
    # what is given goes before what stands in the file
    assert describe(stated, sample={"length_cm": 0.2}).sample.length_cm == 0.2


def test_a_drifting_spectrum_is_unphysical(tmp_path):
    frequency, impedance = make_spectrum(make_circuit(), noise=1e-3)
    drifting = impedance * np.linspace(1.0, 1.4, frequency.size)
    document = describe(write_spectrum(tmp_path / "drift.csv", frequency, drifting))
    assert document.status == "unphysical"
    assert "Kramers-Kronig residuals" in document.reasons[0]
    assert document.values  # shown with the doubt, not hidden
    assert any("neighbouring residuals" in text for text in document.warnings)


def test_a_spectrum_without_a_circuit_is_not_converged(tmp_path):
    frequency = np.geomspace(1e6, 1.0, 40)
    file = write_spectrum(tmp_path / "coil.csv", frequency, 1e-3j * frequency)
    document = describe_impedance(read_spectrum(file, imaginary="-Z''"), name="coil", sample=SIZES)
    assert document.status != "converged"
    assert document.circuit is None
    assert document.values == []
    assert any("no circuit" in reason for reason in document.reasons)


def test_a_window_that_misses_the_bulk_is_a_warning(tmp_path):
    fast = make_circuit(CeramicConstants(1e-3, 1e-8, 2000.0, 2.0, boundary_exponent=0.85))
    file = write_spectrum(tmp_path / "slow.csv", *make_spectrum(fast, highest=1e5, noise=5e-3))
    document = describe(file)
    assert any("misses the bulk arc" in text for text in document.warnings)
    assert document.find("boundary conductivity (specific, capacitances)") is None


def test_without_the_test_package_the_document_says_so(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "impedance.validation", None)
    document = describe(file)
    assert document.status == "converged"
    assert document.kramers_kronig is None
    assert "pip install 'perolyte[impedance]'" in document.warnings[0]


def test_a_changed_file_is_refused(file):
    with pytest.raises(InputError, match="has changed since the flow was built"):
        analyse_impedance.original(str(file), name="sample", sample=SIZES, sha256="0" * 64)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample": {**SIZES, "colour": "red"}}, "sample has colour; allowed are composition"),
        ({"sample": {**SIZES, "temperature_K": -5.0}}, "temperature_K is -5 K"),
        ({"sample": {**SIZES, "area_cm2": -0.5}}, r"area_cm2 is -0\.5 cm²"),
        (
            {"sample": {**SIZES, "grain_size_nm": 10.0, "boundary_thickness_nm": 20.0}},
            "grain of 10 nm has a boundary of 20 nm",
        ),
        ({"max_arcs": 0}, "max_arcs is 0"),
    ],
)
def test_wrong_input_is_refused(file, options, message):
    with pytest.raises(InputError, match=message):
        describe(file, **options)
