"""Settings of an engine given by name, as makers and campaigns hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from perolyte.errors import InputError

__all__ = ["check_setting_names"]


def check_setting_names(engine: str, names: Iterable[str], settings_class: Any) -> None:
    """Refuse names that are no fields of a dataclass.

    Raises
    ------
    InputError
        Naming the first of them, and what is known.
    """
    known = [item.name for item in fields(settings_class)]
    wrong = sorted(set(names) - set(known))
    if wrong:
        raise InputError(f"{engine} setting {wrong[0]!r} is not known; use {', '.join(known)}")
