"""How dopings stay neutral: which ions and vacancies change with a dopant, named and exact."""

from perolyte.structures.compensation.kroger_vink import (
    find_imbalances,
    format_ion,
    write_site_reaction,
)
from perolyte.structures.compensation.naming import NAMED_COMPENSATIONS
from perolyte.structures.compensation.result import Compensation
from perolyte.structures.compensation.search import find_compensations, get_compensation

__all__ = [
    "NAMED_COMPENSATIONS",
    "Compensation",
    "find_compensations",
    "find_imbalances",
    "format_ion",
    "get_compensation",
    "write_site_reaction",
]
