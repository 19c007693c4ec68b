"""Trajectories of any origin, read frame by frame: nothing needs the whole file in memory.

:func:`open_trajectory` recognises a file, :func:`read_mobile` and :func:`stream_mobile` give the
unwrapped paths of the mobile ions in the frame of the framework, :func:`analyse_run` their
diffusivity and conductivity.
"""

from perolyte.trajectories.analysis import RunTransport, analyse_run
from perolyte.trajectories.mobile import (
    MobileBlock,
    MobileStream,
    MobileTrajectory,
    read_mobile,
    stream_mobile,
)
from perolyte.trajectories.opening import FORMATS, open_trajectory
from perolyte.trajectories.source import FrameBlock, TrajectorySource
from perolyte.trajectories.stored import wrap_trajectory
from perolyte.trajectories.thinned import read_thinned

__all__ = [
    "FORMATS",
    "FrameBlock",
    "MobileBlock",
    "MobileStream",
    "MobileTrajectory",
    "RunTransport",
    "TrajectorySource",
    "analyse_run",
    "open_trajectory",
    "read_mobile",
    "read_thinned",
    "stream_mobile",
    "wrap_trajectory",
]
