"""Numbers as text: digits follow errors, and what is missing stays missing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perolyte.reports.text import (
    DASH,
    format_energy,
    format_given,
    format_interval,
    format_significant,
    format_upper_bound,
    format_with_error,
    formula_html,
    formula_unicode,
    reaction_html,
)

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
POWER = re.compile(r"^(.*?)(?:×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?$")


def read_number(text: str) -> float:
    mantissa, power = POWER.match(text).groups()  # type: ignore[union-attr]
    return float(mantissa) * 10.0 ** int((power or "0").translate(SUPERSCRIPTS))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.234e-4, 5e-6, "1.23(5)×10⁻⁴"),
        (1.234e-4, 1.2e-6, "1.234(12)×10⁻⁴"),
        (0.3127, 0.0184, "0.313(18)"),
        (0.3127, 0.0096, "0.313(10)"),  # 96 rounds up to 100: the second digit stays
        (9.996e-5, 5e-7, "1.000(5)×10⁻⁴"),
        (1234.0, 50.0, "1230(50)"),
        (12.34, 1.2, "12.3(12)"),
        (-0.25, 0.04, "-0.25(4)"),
        (1.2e-6, 5e-6, "1(5)×10⁻⁶"),
        (0.0, 2e-3, "0.0(20)×10⁻³"),
        (1.2e-5, None, "1.2×10⁻⁵"),
        (1.2e-5, float("nan"), "1.2×10⁻⁵"),
        (None, 1.0, DASH),
        (float("nan"), 1.0, DASH),
        (float("inf"), 1.0, DASH),
    ],
)
def test_value_with_error(value: float, error: float, text: str) -> None:
    assert format_with_error(value, error) == text


@given(
    value=st.floats(min_value=1e-12, max_value=1e6),
    relative=st.floats(min_value=1e-3, max_value=0.9),
)
def test_the_text_is_the_value_to_less_than_its_error(value: float, relative: float) -> None:
    text = format_with_error(value, value * relative)
    match = re.match(r"^(-?[\d.]+)\((\d+)\)(×10.+)?$", text)
    assert match is not None
    mantissa, digits, power = match.groups()
    shown = read_number(mantissa + (power or ""))
    assert abs(shown - value) <= 0.5001 * value * relative  # rounding is at most half an error
    assert 1 <= int(digits.rstrip("0") or "1") <= 35


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1.234e-4, 0.4e-4, 3.8e-4), "1.2 (0.4–3.8)×10⁻⁴"),
        ((0.0123, 0.0101, 0.0149), "0.0123 (0.0101–0.0149)"),
        ((1.2e-4, 3.1e-6, 4.4e-3), "1×10⁻⁴ (3×10⁻⁶ – 4×10⁻³)"),
        ((1.5e-3, 1.5e-3, 1.5e-3), "1.5×10⁻³"),
        ((None, 1.0, 2.0), DASH),
        ((1.0, float("nan"), 2.0), DASH),
    ],
)
def test_value_with_interval(numbers: tuple[float, float, float], text: str) -> None:
    assert format_interval(*numbers) == text


@given(
    value=st.floats(min_value=1e-15, max_value=1e3),
    below=st.floats(min_value=1.01, max_value=1e4),
    above=st.floats(min_value=1.01, max_value=1e4),
)
def test_no_end_of_an_interval_is_rounded_to_zero(value: float, below: float, above: float) -> None:
    text = format_interval(value, value / below, value * above)
    assert not re.search(r"\((?:0|0\.0+)[–× ]", text)


def test_other_numbers() -> None:
    assert format_significant(0.0, 2) == "0"
    assert format_significant(9.96e-5, 2) == "1.0×10⁻⁴"
    assert format_energy(-0.1537) == "−0.15"
    assert format_energy(float("nan")) == DASH
    assert format_given(1.6e-8) == "1.6×10⁻⁸"
    assert format_given(1e21) == "1×10²¹"


@given(st.floats(min_value=1e-14, max_value=1e2))
def test_a_bound_is_never_rounded_down(value: float) -> None:
    shown = read_number(format_upper_bound(value).removeprefix("< "))
    assert shown >= value * (1 - 1e-9)
    assert shown <= value * 1.1001  # two digits: at most a tenth too high


def test_no_bound_is_a_dash() -> None:
    assert format_upper_bound(None) == DASH
    assert format_upper_bound(float("nan")) == DASH


def test_formulas() -> None:
    assert formula_unicode("Li0.5La0.5TiO3") == "Li₀.₅La₀.₅TiO₃"
    assert formula_html("2 SrO + 0.5 La2O3") == "2 SrO + 0.5 La<sub>2</sub>O<sub>3</sub>"
    assert reaction_html("2 Sr×_A + V••_O") == (
        "2 Sr<sub>A</sub><sup>×</sup> + V<sub>O</sub><sup>••</sup>"
    )
    assert reaction_html("Al′_Ti") == "Al<sub>Ti</sub><sup>′</sup>"


def test_formulas_from_a_file_cannot_bring_markup() -> None:
    assert "<script" not in formula_html("<script>Li2</script>")
    assert "<script" not in reaction_html("<script>Sr×_A</script>")
