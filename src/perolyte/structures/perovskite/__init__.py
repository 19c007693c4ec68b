"""Recognition of perovskites and their relatives by topology."""

from perolyte.structures.perovskite.classify import classify_perovskite
from perolyte.structures.perovskite.result import PerovskiteResult

__all__ = ["PerovskiteResult", "classify_perovskite"]
