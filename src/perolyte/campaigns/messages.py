"""Turn a validation error into one line that says what is wrong, what is allowed, what to do."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError

__all__ = ["describe_validation_error"]


def describe_validation_error(error: ValidationError, model: type[BaseModel]) -> str:
    """Describe the first problem of a validation error in one line.

    Examples
    --------
    >>> class Oven(BaseModel, extra="forbid"):
    ...     temperature_K: float
    >>> try:
    ...     Oven(temperatur_K=900)
    ... except ValidationError as err:
    ...     print(describe_validation_error(err, Oven))
    unknown key 'temperatur_K'; allowed here: temperature_K (did you mean 'temperature_K'?)
    """
    problems = error.errors()
    # an unknown key is usually why another one is missing: report it first
    problems.sort(key=lambda item: item["type"] != "extra_forbidden")
    first = problems[0]
    where = _format_location(first["loc"])
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _describe_one(first, where, model) + (rest if first["type"] != "extra_forbidden" else "")


def _describe_one(problem: Any, where: str, model: type[BaseModel]) -> str:
    kind, location = problem["type"], problem["loc"]
    if kind == "extra_forbidden":
        allowed = _allowed_keys(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return f"unknown key {where!r}; allowed here: {', '.join(allowed)}{hint}"
    if kind == "missing":
        return f"key {where!r} is missing; add it"
    message = problem["msg"]
    if kind == "value_error":
        message = message.removeprefix("Value error, ")
    else:
        message = message[0].lower() + message[1:]
    value = problem["input"]
    shown = "" if isinstance(value, dict) else f" = {value!r}"
    return f"{where}{shown}: {message}"


def _format_location(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _allowed_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, str) and current is not None:
            field = current.model_fields.get(part)
            current = _find_model(field.annotation) if field is not None else None
    return list(current.model_fields) if current is not None else []


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for argument in typing.get_args(annotation):
        found = _find_model(argument)
        if found is not None:
            return found
    return None
