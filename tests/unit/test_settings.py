"""Settings of the machine."""

from __future__ import annotations

import os

import pytest

from perolyte.errors import InputError
from perolyte.settings import default_n_workers, read_positive_int, torch_threads

NAME = "PEROLYTE_TEST_NUMBER"


def test_default_without_the_variable(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    assert read_positive_int(NAME, 7) == 7


@pytest.mark.parametrize("text", ["1", " 12 ", "007"])
def test_numbers(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    assert read_positive_int(NAME, 3) == int(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "two", "1e3", "²", "1 2"])
def test_anything_else_is_refused_in_one_line(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    with pytest.raises(InputError, match=NAME) as caught:
        read_positive_int(NAME, 3)
    assert "\n" not in str(caught.value)
    assert "at least 1" in str(caught.value)


def test_workers(monkeypatch):
    monkeypatch.delenv("PEROLYTE_WORKERS", raising=False)
    assert 1 <= default_n_workers() <= min(4, os.cpu_count())
    monkeypatch.setenv("PEROLYTE_WORKERS", "9")
    assert default_n_workers() == 9


def test_threads(monkeypatch):
    monkeypatch.delenv("PEROLYTE_TORCH_THREADS", raising=False)
    assert torch_threads() == 1
    monkeypatch.setenv("PEROLYTE_TORCH_THREADS", "3")
    assert torch_threads() == 3
