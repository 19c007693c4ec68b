"""The firetask that runs a job under FireWorks: as ``perolyte run`` does, and safe to repeat.

FireWorks imports this module by its name when a launcher takes a firework.
"""

from __future__ import annotations

import typing

from fireworks import FiretaskBase, FWAction, explicit_serialize

__all__ = ["JobTask"]


@explicit_serialize
class JobTask(FiretaskBase):
    """Runs one job of jobflow and stores its document before the firework counts as complete.

    The job is a text, so that neither the database nor the LaunchPad takes it to pieces each time
    that a firework is looked at.
    """

    required_params: typing.ClassVar[list[str]] = ["job"]

    def run_task(self, fw_spec: dict[str, typing.Any]) -> FWAction:
        """Run the job, or take its finished document from the store."""
        from perolyte.execution.launched import run_launched

        return run_launched(self["job"], fw_spec, self.launchpad, self.fw_id)
