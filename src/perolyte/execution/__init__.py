"""Run flows on this machine, and hand them to FireWorks."""

from perolyte.execution.local import Observer, RunReport, run_flow

__all__ = ["Observer", "RunReport", "run_flow"]
