"""Conductivity from trajectories that exist already, whoever made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobflow import Flow, Job, Maker

from perolyte.errors import InputError
from perolyte.jobs.conductivity import fit_conductivity
from perolyte.jobs.diffusion import analyse_diffusion
from perolyte.jobs.identity import assign_identities
from perolyte.trajectories import open_trajectory
from perolyte.transport import parse_ion
from perolyte.transport.checks import check_positive

__all__ = ["TransportMaker"]


@dataclass
class TransportMaker(Maker):
    r"""Analyse trajectory files, one job each, and fit their temperatures.

    Parameters
    ----------
    mobile_ion
        Element, or an oxidation state such as "Fe2+" where the files have them.
    charge
        Of one ion, elementary charges.
    hop_distance_A
        Å, between neighbouring sites of the ion.
    skip_ps
        ps, left out at the start of each file.
    sites
        Atoms by number from 0 or label, where not all of the element are meant.
    time_step_fs, frame_interval_fs
        fs, where files do not say them: :func:`perolyte.trajectories.open_trajectory`.
    species_of_type
        Element symbol of each atom type, for files that number them.
    file_format
        Name of a format, recognised by default.
    drop_cut_frame
        Leave out a frame in which a text file ends.
    extrapolate_to_K
        K.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> import tempfile
    >>> lines = ["a run", "1.0", "5 0 0", "0 5 0", "0 0 5", "Li O", "1 1"]
    >>> lines += ["Direct configuration= 1", "0.0 0.0 0.0", "0.5 0.5 0.5"]
    >>> maker = TransportMaker(hop_distance_A=3.0, frame_interval_fs=20.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "XDATCAR"
    ...     _ = path.write_text("\n".join(lines))
    ...     flow = maker.make([path], temperatures_K=[600.0])
    >>> [job.name for job in flow.jobs]
    ['diffusivity XDATCAR 600 K', 'conductivity']
    """

    name: str = "conductivity"
    mobile_ion: str = "Li"
    charge: float = 1.0
    hop_distance_A: float = 3.0
    skip_ps: float = 0.0
    sites: list[int | str] | None = None
    time_step_fs: float | None = None
    frame_interval_fs: float | None = None
    file_format: str | None = None
    species_of_type: dict[int, str] = field(default_factory=dict)
    drop_cut_frame: bool = False
    extrapolate_to_K: float = 300.0
    campaign: str | None = None

    def make(
        self,
        paths: Sequence[str | Path],
        *,
        temperatures_K: Sequence[float] | None = None,
        label: str | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.ConductivityDoc`.

        Parameters
        ----------
        paths
            Files that the machine of the jobs sees as well. They are known by their content: the
            same files again are the same jobs.
        temperatures_K
            K, one for each file; by default what the files state.
        label
            Name of the documents; by default that of the maker.

        Raises
        ------
        InputError
            For no file, another number of temperatures, a file that cannot be opened, or a number
            that is not above zero.
        """
        parse_ion(self.mobile_ion)
        for name, value, unit in (
            ("hop_distance_A", self.hop_distance_A, "Å"),
            ("extrapolate_to_K", self.extrapolate_to_K, "K"),
        ):
            check_positive(value, name=name, unit=unit, hint="give it above zero")
        if isinstance(paths, (str, Path)) or not paths:
            raise InputError(f"paths is {paths!r}; give a list of at least one trajectory file")
        given = [None] * len(paths) if temperatures_K is None else list(temperatures_K)
        if len(given) != len(paths):
            raise InputError(
                f"{len(given)} temperatures for {len(paths)} files; give one for each file"
            )
        document_name = label or self.name
        jobs: list[Job] = []
        for path, temperature_K in zip(paths, given, strict=True):
            jobs.append(self._analyse(Path(path).absolute(), temperature_K, document_name))
        fit = fit_conductivity(
            [job.output for job in jobs],
            name=document_name,
            mobile_ion=self.mobile_ion,
            extrapolate_to_K=self.extrapolate_to_K,
            md_settings={"hop_distance_A": self.hop_distance_A, "skip_ps": self.skip_ps},
            campaign=self.campaign,
        )
        fit.name = "conductivity"
        flow = Flow([*jobs, fit], output=fit.output, name=f"{self.name} of {len(jobs)} files")
        return assign_identities(flow)

    def _analyse(self, path: Path, temperature_K: float | None, name: str) -> Job:
        reading: dict[str, Any] = {
            "format": self.file_format,
            "time_step_fs": self.time_step_fs,
            "drop_cut_frame": self.drop_cut_frame,
        }
        types = {int(number): symbol for number, symbol in self.species_of_type.items()}
        # opened here too, so that a wrong file is named before anything is submitted
        source = open_trajectory(
            path, species_of_type=types, frame_interval_fs=self.frame_interval_fs, **reading
        )
        kept: dict[str, Any] = {key: value for key, value in reading.items() if value}
        if types:
            kept["species_of_type"] = {str(number): symbol for number, symbol in types.items()}
        job = analyse_diffusion(
            str(path),
            name=name,
            mobile_ion=self.mobile_ion,
            charge=self.charge,
            hop_distance_A=self.hop_distance_A,
            temperature_K=temperature_K,
            equilibration_ps=self.skip_ps,
            frame_interval_fs=self.frame_interval_fs,
            sites=self.sites,
            reading=kept or None,
            trajectory_sha256=source.sha256,
            campaign=self.campaign,
        )
        at = "" if temperature_K is None else f" {temperature_K:g} K"
        job.name = f"diffusivity {path.name}{at}"
        return job
