"""How dopants, vacancies and cells are written on the command line, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perolyte.cli.dopant_text import (
    parse_counts,
    parse_doping,
    parse_roles,
    parse_supercell,
    parse_vacancy,
)
from perolyte.errors import InputError

FUZZ = settings(max_examples=300, deadline=None)

# Mostly words of the language in a wrong order, sometimes anything at all.
WORDS = st.lists(
    st.sampled_from(
        ["Sr", "Al", "Li", "Xx", "D", "A", "A_sites", "element", "auto", "x", "2+", "3-", "+", "-",
         "@", "=", "%", "/", ",", ".", " ", "\n", "0", "1", "9", "²", "٣"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
TEXTS = st.one_of(WORDS, st.text(max_size=30))


def read_counts(text: str) -> dict[str, int]:
    return parse_counts(text, option="--composition", example="'Li=12'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sr=2", ("Sr", 2, None, 2, None, None)),
        ("Sr2+=2", ("Sr", 2, None, 2, None, None)),
        ("Li+=1", ("Li", 1, None, 1, None, None)),
        ("F-=1", ("F", -1, None, 1, None, None)),
        ("N3-@O=2", ("N", -3, "O", 2, None, None)),
        ("Al=3.0", ("Al", 3, None, 3, None, None)),
        ("Al3+@Ti=5%/B_sites", ("Al", 3, "Ti", None, 0.05, "B_sites")),
        ("Al=0.05/element", ("Al", 3, None, None, 0.05, "element")),
        ("Al=.05/element", ("Al", 3, None, None, 0.05, "element")),
        (" Al=100%/formula_unit ", ("Al", 3, None, None, 1.0, "formula_unit")),
    ],
)
def test_a_dopant(text, expected):
    (dopant,) = parse_doping(text, scheme="all").dopants
    element, charge, host, count, fraction, basis = expected
    assert (dopant.element, dopant.charge, dopant.host) == (element, charge, host)
    assert (dopant.count, dopant.basis) == (count, basis)
    assert dopant.fraction == (fraction if fraction is None else pytest.approx(fraction))


def test_commas_join_co_dopants():
    doping = parse_doping("Al3+=1, Nb5+=1", scheme="S1", pair=("Al", "Nb"))
    assert doping.label == "Al+Nb"
    assert (doping.scheme, doping.pair) == ("S1", ("Al", "Nb"))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not understood"),
        ("Sr", "not understood"),
        ("Sr=", "not understood"),
        ("Sr=-2", "not understood"),
        ("sr=2", "not understood"),
        ("Sr=2,", "not understood"),
        ("Sr@La@Ti=2", "not understood"),
        ("Sr0+=2", "not understood"),
        ("Sr10+=2", "not understood"),
        ("Sr²+=2", "not understood"),
        ("Sr=٣", "not understood"),
        ("Sr=1e3", "not understood"),
        ("Sr=" + "9" * 400, "not understood"),  # too large for a float
        ("Sr=" + "9" * 5000, "not understood"),  # more digits than int() takes
        ("Sr" + "9" * 5000 + "+=2", "not understood"),
        ("Sr=1.2.3", "no number"),
        ("Sr=...", "no number"),
        ("Sr=2%", "/A_sites, /B_sites, /element or /formula_unit"),
        ("Sr=1.5", "/A_sites, /B_sites, /element or /formula_unit"),
        ("Sr=0", "integers from 1"),
        ("Sr=0%/A_sites", "above 0 up to 1"),
        ("Sr=101%/A_sites", "above 0 up to 1"),
        ("Sr=2%/C_sites", "A_sites, B_sites, element, formula_unit"),
        ("Xx=1", "no chemical element"),
        ("Sr@Xx=1", "no chemical element"),
        ("Sr@Sr=1", "the host is Sr too"),
        ("Sr=1,Sr=1", "given twice"),
        ("Mn=1", "write it after the element, e.g. Mn3+=1"),
        ("He=1", "no single common oxidation state"),
    ],
)
def test_wrong_dopants_say_what_is_right(text, part):
    with pytest.raises(InputError) as caught:
        parse_doping(text, scheme="all")
    assert part in str(caught.value)


def test_a_vacancy_names_its_compensation_or_leaves_it_open():
    assert parse_vacancy("O=1").compensation == "all"
    named = parse_vacancy("O=2, Li=4", pair=("vacancy_O", "vacancy_Li"))
    assert (named.removed, named.pair) == ({"O": 2, "Li": 4}, ("vacancy_O", "vacancy_Li"))


@pytest.mark.parametrize(
    "text", ["", "O", "O=", "O=1.5", "O=one", "O=1,O=1", "O=0", "O=-1", "Xx=1"]
)
def test_wrong_vacancies(text):
    with pytest.raises(InputError, match="vacancy"):
        parse_vacancy(text)


def test_counts():
    assert read_counts("Li=12, La=20") == {"Li": 12, "La": 20}
    assert read_counts("Ti=+4,O=-2") == {"Ti": 4, "O": -2}


@pytest.mark.parametrize("text", ["", "Li", "Li=", "Li=1,Li=1", "Li=1.5", "Li=" + "9" * 5000])
def test_wrong_counts_name_the_option_and_an_example(text):
    with pytest.raises(InputError, match=r"--composition .*'Li=12'"):
        read_counts(text)


def test_roles():
    assert parse_roles([]) is None
    one, several = ["A=Li,La B=Ti X=O mobile=Li"], ["A=Li,La", "B=Ti", "X=O", "mobile=Li"]
    assert parse_roles(one) == parse_roles(several)
    assert parse_roles(one) == {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"], "mobile": "Li"}


@pytest.mark.parametrize(
    "text", ["A", "A=", "=Li", "A=Li,", "A=,Li", "A=Li, La", "A=Li A=La", "mobile=Li,Na"]
)
def test_wrong_roles(text):
    with pytest.raises(InputError, match=r"--roles .* is not understood"):
        parse_roles([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3x3x4", (3, 3, 4)), ("1,1,2", (1, 1, 2)), (" 2X2X100 ", (2, 2, 100)), ("Auto", None)],
)
def test_supercell(text, expected):
    assert parse_supercell(text) == expected


@pytest.mark.parametrize(
    "text", ["", "3", "3x3", "0x2x2", "-1x2x2", "2x2x101", "2x2x2x2", "2.5x2x2", "٢x2x2", "auto2"]
)
def test_wrong_supercells(text):
    with pytest.raises(InputError, match="repeats from 1 to 100"):
        parse_supercell(text)


@pytest.mark.parametrize(
    "parse",
    [
        lambda text: parse_doping(text, scheme=text),
        parse_vacancy,
        read_counts,
        lambda text: parse_roles([text]),
        parse_supercell,
    ],
    ids=["doping", "vacancy", "counts", "roles", "supercell"],
)
def test_any_text_is_read_or_refused_in_one_line(parse):
    @FUZZ
    @given(text=TEXTS)
    @example(text="Sr=" + "9" * 5000)
    def check(text: str) -> None:
        message = ""
        try:
            parse(text)
        except InputError as err:
            message = str(err)
        assert "\n" not in message

    check()


@FUZZ
@given(
    element=st.sampled_from(["Sr", "Al", "Nb", "F"]),
    charge=st.integers(-9, 9).filter(bool),
    host=st.sampled_from([None, "La", "O"]),
    count=st.integers(1, 10**9),
)
def test_what_is_written_is_what_is_read(element, charge, host, count):
    sign = "+" if charge > 0 else "-"
    text = f"{element}{abs(charge)}{sign}{'' if host is None else f'@{host}'}={count}"
    (dopant,) = parse_doping(text, scheme="all").dopants
    assert (dopant.element, dopant.oxidation_state, dopant.host, dopant.count) == (
        element, charge, host, count,
    )  # fmt: skip
