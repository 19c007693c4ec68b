"""Large data as bytes: what goes in comes out."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import StoreError
from perolyte.stores.payload import pack, unpack

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
NUMBERS = st.lists(st.floats(allow_nan=False), min_size=16, max_size=40) | st.lists(
    st.lists(st.integers(-5, 5), min_size=3, max_size=3), min_size=6, max_size=9
)
# BSON has no name with a NUL in it
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
DATA = st.recursive(
    SCALARS | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


def turn_around(data):
    return unpack(b"".join(pack(data)))


@given(DATA)
def test_whatever_goes_in_comes_out(data):
    found = turn_around(data)
    assert found == data
    assert repr(found) == repr(data)  # types too: 1 is not 1.0


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4),
        np.arange(30, dtype=np.int32),
        np.linspace(0, 1, 20, dtype=np.float32),
        np.zeros((0, 3)),
        np.array([True, False] * 20),
    ],
    ids=["3d", "int32", "float32", "empty", "bool"],
)
def test_arrays_come_back_as_lists(array):
    assert turn_around({"x": array})["x"] == array.tolist()


def test_numbers_take_eight_bytes():
    data = [[0.1, 0.2, 0.3]] * 10_000
    assert len(b"".join(pack(data))) < 240_000 + 500


def test_nan_and_mixed_numbers():
    values = [1, 2.5, math.inf, math.nan] * 10
    found = turn_around(values)
    assert [type(value) for value in found] == [type(value) for value in values]
    assert math.isnan(found[3])


def test_text_that_only_looks_like_a_file_stays():
    texts = ["abcd" * 2000, "abc=" * 2000, "not base64!" * 1000, "YW==" + "A" * 5000]
    assert turn_around(texts) == texts
    content = bytes(range(256)) * 50
    packed = b"".join(pack(base64.b64encode(content).decode()))
    assert len(packed) < len(content) + 500


def test_objects_become_plain():
    cell = Structure(Lattice.cubic(4.1), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    found = turn_around({"cell": cell, 3: (1, 2)})
    assert Structure.from_dict(found["cell"]) == cell
    assert found["3"] == [1, 2]


def test_what_cannot_be_stored_is_named():
    with pytest.raises(StoreError, match="64 bits"):
        pack({"n": 2**70})


@pytest.mark.parametrize("content", [b"", b"\0" * 4, b"\xff" * 40])
def test_other_bytes_are_refused(content):
    with pytest.raises(StoreError) as caught:
        unpack(content)
    assert "\n" not in str(caught.value)
