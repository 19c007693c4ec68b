"""Documents with long lists: what would make them large is written apart.

MongoDB takes no document above 16 MB, and one of a few kilobytes is found and sent faster. A list
that is longer than `MAX_ITEMS` is therefore written under the key `LARGE_KEY`, which jobs declare
(``@job(data=LARGE_KEY)``), so that jobflow keeps it in the store's large data. Reading puts it
back: in memory a document always has all of its fields.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from perolyte.schemas.base import Document

__all__ = ["LARGE_KEY", "MAX_INLINE_ATOMS", "MAX_ITEMS", "LargeDocument"]

LARGE_KEY = "large_data"
"""Where documents write what is large."""

MAX_ITEMS = 500
"""Items of a list that stay in the document: about 1 kB each."""


MAX_INLINE_ATOMS = 2000
"""Of all structures of a list that stay in the document: about 250 bytes each."""


class LargeDocument(Document):
    """Base of documents that hold lists of any length."""

    large_fields: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _write_apart(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        large = self._take_large(written)
        return {**written, LARGE_KEY: large} if large else written

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        """Move what is large out of the written document, and return it by field."""
        return {
            name: written.pop(name) for name in self.large_fields if len(written[name]) > MAX_ITEMS
        }

    @model_validator(mode="before")
    @classmethod
    def _put_back(cls, values: Any) -> Any:
        if not isinstance(values, dict) or LARGE_KEY not in values:
            return values
        large = values[LARGE_KEY]
        if "blob_uuid" in large:
            message = (
                f"{cls.__name__} has its lists in the store's large data; load the document with "
                "load=True"
            )
            raise ValueError(message)
        kept = {name: value for name, value in values.items() if name != LARGE_KEY}
        return {**kept, **cls._join_large(kept, large)}

    @classmethod
    def _join_large(cls, kept: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that `_take_large` took."""
        return large
