"""How much lithium leaves a ceramic while it is fired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.units import BOLTZMANN_EV_PER_K, KELVIN_AT_0_C

__all__ = ["FiringStep", "LithiumLoss", "LithiumLossModel", "estimate_lithium_loss"]


@dataclass(frozen=True)
class FiringStep:
    """A hold.

    Attributes
    ----------
    temperature_C
        °C.
    time_h
        Hours.
    """

    temperature_C: float
    time_h: float


@dataclass(frozen=True)
class LithiumLossModel:
    """First-order loss a(t) = a0 exp(-k t) with k over temperature, and how little is known of it.

    Parameters
    ----------
    rate_per_h, reference_C
        k at a temperature. The default is 23 % in 12 h at 1200 °C, the largest loss reported in
        doi 10.1007/s10853-012-6650-5.
    activation_energy_eV
        Of k, assumed.
    decades
        From k to each end of its range, in powers of ten, assumed: atmosphere, cover and bed powder
        change the loss more than the temperature does.
    """

    rate_per_h: float = -math.log(1.0 - 0.23) / 12.0
    reference_C: float = 1200.0
    activation_energy_eV: float = 3.0
    decades: float = 0.5

    def rate_at(self, temperature_C: float) -> float:
        """Return k at a temperature, 1/h."""
        beta = 1.0 / (BOLTZMANN_EV_PER_K * (temperature_C + KELVIN_AT_0_C))
        reference = 1.0 / (BOLTZMANN_EV_PER_K * (self.reference_C + KELVIN_AT_0_C))
        return self.rate_per_h * math.exp(-self.activation_energy_eV * (beta - reference))


@dataclass(frozen=True)
class LithiumLoss:
    """Share of the lithium that leaves, and the excess that would make up for it.

    Attributes
    ----------
    lost, lost_low, lost_high
        0 to 1, middle and ends of the range of the model.
    excess, excess_low, excess_high
        1/(1 - lost) - 1 for each.
    """

    lost: float
    lost_low: float
    lost_high: float
    excess: float
    excess_low: float
    excess_high: float


def estimate_lithium_loss(
    steps: Sequence[FiringStep], *, model: LithiumLossModel | None = None
) -> LithiumLoss:
    """Add up the loss over the holds of a schedule; ramps are not counted.

    Parameters
    ----------
    steps
        Holds, -100 to 2000 °C and 0 to 1000 h each.
    model
        By default the one of :class:`LithiumLossModel`.

    Returns
    -------
    LithiumLoss
        An order of magnitude.

    Raises
    ------
    InputError
        For a hold that cannot be.

    Examples
    --------
    >>> loss = estimate_lithium_loss([FiringStep(1200.0, 12.0)])
    >>> round(loss.lost, 2), round(loss.excess, 2)
    (0.23, 0.3)
    """
    law = model or LithiumLossModel()
    exponent = 0.0
    for step in steps:
        if not -100.0 <= step.temperature_C <= 2000.0 or not 0.0 <= step.time_h <= 1000.0:
            raise InputError(
                f"a hold of {step.time_h:g} h at {step.temperature_C:g} °C is outside 0 to 1000 h "
                "and -100 to 2000 °C: give degrees Celsius and hours"
            )
        exponent += law.rate_at(step.temperature_C) * step.time_h
    lost = [1.0 - math.exp(-exponent * 10.0**shift) for shift in (0.0, -law.decades, law.decades)]
    # nothing is left to make up for where all has gone
    excess = [share / (1.0 - share) if share < 1.0 else math.inf for share in lost]
    return LithiumLoss(*lost, *excess)
