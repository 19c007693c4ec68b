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
    if first["type"] == "extra_forbidden":
        return _describe_one(first, where, model)
    # a value that may be of several types has one problem for each of them
    same = [p for p in problems[1:] if _format_location(p["loc"]) == where]
    also = "".join(f"; or {_describe_message(problem)}" for problem in same)
    n_more = len(problems) - 1 - len(same)
    return _describe_one(first, where, model) + also + (f" (and {n_more} more)" if n_more else "")


def _describe_one(problem: Any, where: str, model: type[BaseModel]) -> str:
    kind, location = problem["type"], problem["loc"]
    if kind == "extra_forbidden":
        allowed = _allowed_keys(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return f"unknown key {where!r}; allowed here: {', '.join(allowed)}{hint}"
    if kind == "missing":
        return f"key {where!r} is missing; add it"
    value = problem["input"]
    shown = "" if isinstance(value, dict) else f" = {value!r}"
    return f"{where}{shown}: {_describe_message(problem)}"


def _describe_message(problem: Any) -> str:
    message: str = problem["msg"]
    if problem["type"] == "value_error":
        return message.removeprefix("Value error, ")
    if problem["type"] == "too_short":
        return f"give at least {problem['ctx']['min_length']}"
    return message[0].lower() + message[1:]


def _format_location(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        if isinstance(part, str) and "[" in part:
            continue  # pydantic's name of one of several allowed types, not of a key
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
