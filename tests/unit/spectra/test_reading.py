"""Tables as instruments export them, and what is wrong with files that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.spectra import read_spectrum
from perolyte.spectra.columns import find_columns
from support.spectra import make_circuit, make_spectrum, write_spectrum

FREQUENCY, IMPEDANCE = make_spectrum(make_circuit(), n=12)
WRITTEN = 1e-6
"""Six digits or more stand in the tables."""


def table(separator, titles, *, decimal=".", factor=(1.0, 1.0, 1.0), head=""):
    lines = [head + separator.join(titles)] if titles else []
    for f, z in zip(FREQUENCY, IMPEDANCE, strict=True):
        fields = [f * factor[0], z.real * factor[1], z.imag * factor[2]]
        lines.append(separator.join(f"{x:.8e}".replace(".", decimal) for x in fields))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("separator", "titles", "options"),
    [
        (",", ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"], {"factor": (1, 1, -1)}),
        ("\t", ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"], {"factor": (1, 1, -1)}),
        (";", ["Frequency (Hz)", "Z' (Ω)", "-Z'' (Ω)"], {"factor": (1, 1, -1), "decimal": ","}),
        ("\t", ["Freq", "Zreal", "Zimag"], {"decimal": ","}),
        (", ", ['"f (kHz)"', '"Z\' (kOhm)"', "\"Z'' (mOhm)\""], {"factor": (1e-3, 1e-3, 1e3)}),
        ("  ", ["freq [MHz]", "Z′ [MΩ]", "−Z″ [Ω]"], {"factor": (1e-6, 1e-6, -1)}),
        ("  ", ["Freq(Hz)", "Z'(a)", "Z''(b)"], {}),
        (",", ["f", "Z_re", "Z_im"], {"head": "# some instrument\nsample,7\n\n# "}),
        (",", [], {}),
        (" ", [], {}),
    ],
)
def test_common_layouts(tmp_path, separator, titles, options):
    path = tmp_path / "sample.csv"
    path.write_text(table(separator, titles, **options), encoding="utf-8")
    spectrum = read_spectrum(path)
    assert np.allclose(spectrum.frequency_Hz, FREQUENCY, rtol=WRITTEN)
    assert np.allclose(spectrum.impedance_ohm, IMPEDANCE, rtol=WRITTEN)
    assert len(spectrum.notes) == (not titles)


def test_other_columns_are_passed_over(tmp_path):
    rows = [
        f"{k},{f},{abs(z)},{z.imag},{z.real}\n"
        for k, (f, z) in enumerate(zip(FREQUENCY, IMPEDANCE, strict=True))
    ]
    path = tmp_path / "wide.csv"
    path.write_text("Pt,Freq (Hz),Zmod (Ohm),Zimag (Ohm),Zreal (Ohm)\n" + "".join(rows))
    assert np.allclose(read_spectrum(path).impedance_ohm, IMPEDANCE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "sample.csv"
    text = table(";", ["f/Hz", "Z'/Ohm", "Z''/Ohm"], head="Prüfling: 25 °C\r\n")
    path.write_bytes(text.encode(encoding))
    assert np.allclose(read_spectrum(path).impedance_ohm, IMPEDANCE)


def test_a_rising_sweep_is_turned_round(tmp_path):
    path = write_spectrum(tmp_path / "up.csv", FREQUENCY[::-1], IMPEDANCE[::-1])
    spectrum = read_spectrum(path)
    assert np.all(np.diff(spectrum.frequency_Hz) < 0)
    assert np.allclose(spectrum.impedance_ohm, IMPEDANCE, rtol=WRITTEN)


def test_what_the_file_states_of_its_sample(tmp_path):
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.csv", FREQUENCY, IMPEDANCE))
    assert (spectrum.length_cm, spectrum.area_cm2, spectrum.temperature_K) == (0.1, 0.5, 300.0)
    bare = read_spectrum(write_spectrum(tmp_path / "b.csv", FREQUENCY, IMPEDANCE, head=""))
    assert (bare.length_cm, bare.area_cm2, bare.temperature_K) == (None, None, None)
    assert bare.sha256 != spectrum.sha256


def test_a_column_named_without_its_minus_is_turned_with_a_note(tmp_path):
    path = write_spectrum(tmp_path / "a.csv", FREQUENCY, IMPEDANCE, titles="f,Z',Z''")
    spectrum = read_spectrum(path)
    assert np.allclose(spectrum.impedance_ohm, IMPEDANCE, rtol=WRITTEN)
    assert "its sign is turned" in spectrum.notes[0]
    as_named = read_spectrum(path, imaginary="Z''")
    assert np.allclose(as_named.impedance_ohm, IMPEDANCE.conj(), rtol=WRITTEN)
    assert as_named.notes == ()


GOOD = "f,Z',Z''\n" + "".join(f"{10**k},100,-{k + 1}\n" for k in range(6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 rows of at least three numbers"),
        ("no table at all\n", "0 rows of at least three numbers"),
        ("f,Z',Z''\n1,2,3\n2,3,4\n", "2 rows of at least three numbers"),
        (GOOD.replace("f,", "time,"), "no column of the frequency among 'time'"),
        (GOOD.replace("f,Z',Z''", "f,modulus,phase"), "no column of the real and imaginary"),
        (GOOD.replace("f,Z',Z''", "f,Z',Z'"), "columns 2 and 3 both hold the real"),
        (GOOD.replace("f,", "f (rad/s),"), "has the unit 'rad/s'; it must be Hz"),
        (GOOD.replace("Z''", "Z'' (Ohm cm2)"), r"has the unit 'Ohm cm2'"),
        (GOOD + "end of data\n", "line 8, 'end of data', is no row of numbers"),
        (GOOD + "7,8\n", "line 8, '7,8', is no row of numbers"),
        (GOOD + "7,8,9,10\n", "line 8 has 4 numbers, the table 3 columns"),
        (GOOD + "0,8,-9\n", "line 8 has the frequency 0 Hz"),
        (GOOD + "-5,8,-9\n", "line 8 has the frequency -5 Hz"),
        (GOOD + "7,nan,-9\n", "line 8 has the impedance nan"),
        (GOOD + "7,0,0\n", "line 8 has the impedance 0, 0 Ω"),
        (GOOD + "10,100,-2\n", "10 Hz appears 2 times; one file holds one sweep"),
        ("# length_cm = -1\n" + GOOD, "states length_cm = -1"),
        ("# area_cm2 = large\n" + GOOD, "states area_cm2 = large"),
        ("1,2,3,4\n" * 6, "4 columns without titles"),
        ("a\0b,1,2\n" * 9, "the file is not text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_file(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_spectrum(path)
    assert str(caught.value).startswith("bad.csv: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_spectrum(tmp_path / "none.csv")
    with pytest.raises(InputError, match="Is a directory"):
        read_spectrum(tmp_path)
    with pytest.raises(InputError, match="imaginary is 'both'"):
        read_spectrum(tmp_path / "none.csv", imaginary="both")


def attempt(read):
    """Return what is read, or None and why not."""
    try:
        return read(), ""
    except InputError as err:
        return None, str(err)


tokens = st.sampled_from(
    [*"0123456789.,;-+eE \t\n#'\"()/", "\r\n", "Hz", "Ohm", "Z'", "Z''", "freq", "nan", "inf", "Ω"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(tokens, max_size=120).map(lambda parts: "".join(parts).encode()),
        st.tuples(
            st.lists(tokens, max_size=10).map("".join), st.integers(0, len(GOOD)), st.integers(0, 9)
        ).map(lambda cut: (GOOD[: cut[1]] + cut[0] + GOOD[cut[1] + cut[2] :]).encode()),
    )
)
def test_any_bytes_give_a_spectrum_or_one_line(tmp_path, data):
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    spectrum, refusal = attempt(lambda: read_spectrum(path))
    if spectrum is None:
        assert refusal.startswith("any.csv: ")
        assert len(refusal.splitlines()) == 1
        assert len(refusal) < 400
        return
    assert spectrum.frequency_Hz.shape == spectrum.impedance_ohm.shape
    assert np.all(spectrum.frequency_Hz > 0)
    assert np.all(np.isfinite(spectrum.impedance_ohm))


@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_titles_give_columns_or_one_line(titles):
    found, refusal = attempt(lambda: find_columns(titles))
    if found is None:
        assert len(refusal.splitlines()) == 1
    else:
        assert set(found) == {"frequency", "real", "imaginary"}
