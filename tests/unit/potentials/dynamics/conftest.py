"""Runs of these tests need not survive a power cut."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """A killed process loses nothing that it has written, synced or not."""
    monkeypatch.setattr("perolyte.files.os.fsync", lambda handle: None)
