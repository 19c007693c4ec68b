"""Errors that a command answers with, under the codes of MongoDB."""

from __future__ import annotations

from typing import Any

__all__ = ["CommandError", "DuplicateKeyError"]

_NAMES = {
    2: "BadValue",
    8: "UnknownError",
    9: "FailedToParse",
    13: "Unauthorized",
    18: "AuthenticationFailed",
    20: "IllegalOperation",
    26: "NamespaceNotFound",
    43: "CursorNotFound",
    48: "NamespaceExists",
    59: "CommandNotFound",
    66: "ImmutableField",
    67: "CannotCreateIndex",
    73: "InvalidNamespace",
    86: "IndexKeySpecsConflict",
    115: "CommandNotSupported",
    10334: "BSONObjectTooLarge",
    11000: "DuplicateKey",
    14031: "OutOfDiskSpace",
}


class CommandError(Exception):
    """A command that cannot be done; nothing of it was.

    Parameters
    ----------
    code : int
        Error code of MongoDB, by which clients choose their exception.
    message : str
        One line.
    **details
        Further fields of the answer.
    """

    def __init__(self, code: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details

    def as_reply(self) -> dict[str, Any]:
        """Return the answer to the whole command."""
        name = _NAMES.get(self.code, "Error")
        return {"ok": 0.0, "errmsg": str(self), "code": self.code, "codeName": name, **self.details}

    def as_write_error(self, index: int) -> dict[str, Any]:
        """Return the entry for one statement of a write command."""
        return {"index": index, "code": self.code, "errmsg": str(self), **self.details}


class DuplicateKeyError(CommandError):
    """A document whose key a unique index has already."""

    def __init__(self, namespace: str, index_name: str, key: dict[str, Any]) -> None:
        shown = ", ".join(f"{field}: {value!r}" for field, value in key.items())[:200]
        super().__init__(
            11000,
            f"E11000 duplicate key error collection: {namespace} index: {index_name} "
            f"dup key: {{ {shown} }}",
            keyPattern=dict.fromkeys(key, 1),
            keyValue=key,
        )
