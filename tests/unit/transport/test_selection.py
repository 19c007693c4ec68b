from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport.selection import parse_ion, parse_sites, select_ions

SPECIES = ["Li", "Fe", "Li", "Fe", "O"]


def choose(*args, **kwargs):
    return np.flatnonzero(select_ions(SPECIES, *args, **kwargs)).tolist()


def test_an_element_an_oxidation_state_and_sites():
    states = [1, 2, 1, 3, -2]
    assert choose("Fe") == [1, 3]
    assert choose("Fe3+", oxidation_states=states) == [3]
    assert choose("Li+", oxidation_states=states) == [0, 2]
    assert choose("O2-", oxidation_states=states) == [4]
    assert choose("Fe", sites=[3]) == [3]
    assert choose("Li", sites=["Li2"]) == [2]  # counted element by element
    assert choose("Li", sites=["A", 2], labels=["A", "B", "C", "B", "X"]) == [0, 2]
    assert choose("Fe", sites=["B"], labels=["A", "B", "C", "B", "X"]) == [1, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ion": "Na"}, "no Na among 5 atoms, which are Li, Fe, O"),
        ({"ion": ""}, "is not understood"),
        ({"ion": "li"}, "is not understood"),
        ({"ion": "Li++"}, "is not understood"),
        ({"ion": "Fe2+"}, "no oxidation states"),
        ({"ion": "Fe4+", "oxidation_states": [1, 2, 1, 3, -2]}, r"are \+2, \+3"),
        ({"ion": "Li", "sites": [5]}, "site 5 is not there; atoms are numbered from 0 to 4"),
        ({"ion": "Li", "sites": [-1]}, "site -1 is not there"),
        ({"ion": "Li", "sites": ["Li3"]}, "site 'Li3' is not there"),
        ({"ion": "Li", "sites": [0, 4]}, "site 4 is O and not 'Li'"),
        ({"ion": "Li", "sites": []}, "sites is empty"),
    ],
)
def test_ions_that_are_not_there(arguments, message):
    with pytest.raises(InputError, match=message):
        choose(**arguments)


def test_lists_of_sites():
    assert parse_sites("0-2,7,Li1, O-2") == (0, 1, 2, 7, "Li1", "O-2")
    for text in ("", "1,,2", "5-2", "0-99999999999", "0-99999999"):
        with pytest.raises(InputError, match="sites"):
            parse_sites(text)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_ion, parse_sites):
        message = ""
        try:
            parse(text)
        except InputError as err:
            message = str(err)
        assert "\n" not in message
