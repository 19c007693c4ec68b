"""The trust card says what the checks say, and nothing that they do not."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from perolyte.reports.trust_advice import describe_training_data, list_advice
from perolyte.reports.trust_card import format_value, trust_card_html, write_trust_card
from perolyte.reports.trust_figures import draw_curves, draw_deviations
from perolyte.schemas import (
    CheckDescription,
    CheckNumber,
    PotentialProvenance,
    Provenance,
    ValidationDoc,
)

CHGNET = PotentialProvenance(
    name="CHGNet", version="0.3.0 (chgnet 0.4.2)", weights_sha256="ab" * 32, dtype="float32"
)


def number(name: str, value: float | None, reference: float | None, verdict, **fields):
    share = None if value is None or not reference else (value / reference - 1) / 0.15
    return CheckNumber(
        name=name,
        value=value,
        unit=fields.pop("unit", "GPa"),
        reference=reference,
        source=fields.pop("source", "a <paper>"),
        limit="within 15 %",
        share=share,
        verdict=verdict,
        **fields,
    )


def check(name: str, verdict, *numbers: CheckNumber, **fields) -> CheckDescription:
    return CheckDescription(
        name=name,
        title=name.capitalize(),
        subject=fields.pop("subject", "SrTiO3"),
        verdict=verdict,
        numbers=list(numbers),
        **fields,
    )


ELASTIC = check(
    "elasticity",
    "fail",
    number("C11", 282.4, 315.6, "pass", error=8.1, reference_error=2.7),
    number("C44", 83.1, 121.5, "fail", error=1.7),
    number("Poisson's ratio", None, None, None),
)
HOP = check(
    "lithium_hop",
    "warn",
    number("barrier", 0.126, 0.47, "warn", unit="eV"),
    subject="lithium along [100]",
    curves={"path (Å)": [0.0, 1.0, 2.0], "energy (eV)": [0.0, 0.1, 0.0]},
)


def make(*checks: CheckDescription, potential: PotentialProvenance | None = CHGNET):
    return ValidationDoc(
        name="v",
        status="converged",
        provenance=Provenance(perolyte_version="1", seed=0, potential=potential),
        potential="chgnet",
        verdict="fail",
        quick=False,
        checks=list(checks),
        seconds=12.0,
    )


class Tags(HTMLParser):
    """Every tag that opens is closed again, in order."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_says_every_number():
    page = trust_card_html(make(ELASTIC, HOP, check("labels", "not run", reason="no labels")))
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "Of 2 checks, 1 is doubtful, 1 fails." in page
    assert "282(8)" in page
    assert "315.6(27)" in page
    assert "−31.6 %" in page
    assert "a &lt;paper&gt;" in page, "names are escaped"
    assert CHGNET.weights_sha256 in page
    assert "http://" not in re.sub(r"data:image[^\"]*", "", page), "needs no network"
    assert page.count("<img") == 2


def test_verdicts_are_told_by_words_and_signs_beside_colours():
    page = trust_card_html(make(ELASTIC, HOP))
    for sign, word in (("✓", "passes"), ("!", "doubtful"), ("✗", "fails")):
        assert re.search(rf">{sign}</span> {word}</span>", page)


def test_advice_follows_from_the_checks():
    advice = list_advice(make(ELASTIC, HOP), None)
    text = " ".join(advice)
    assert "C44 (−32 %)" in text
    assert "C11" not in text, "it passes"
    assert "0.34 eV below the reference" in text
    assert "too fast" in text
    assert "not compared with labels" in text
    assert "MPtrj" in str(describe_training_data(make(ELASTIC), None))


def test_advice_on_a_potential_of_which_nothing_is_known():
    other = PotentialProvenance(name="my.Calculator")
    document = make(check("elasticity", "pass"), potential=other)
    assert describe_training_data(document, None)[0][1].startswith("not stated")
    advice = list_advice(document, None)
    assert advice
    assert "near equilibrium" not in " ".join(advice)


def test_a_validation_without_a_check_has_a_page():
    page = trust_card_html(make(check("labels", "not run", reason="no labels"), potential=None))
    assert "No check could be made" in page
    assert "<img" not in page


def test_figures_show_what_was_judged():
    drawn = draw_deviations(make(ELASTIC, HOP))
    axes = drawn.figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert len(labels) == 3
    assert "C44" in labels[1]
    assert "C44 -2.1" in drawn.words
    assert draw_deviations(make(check("labels", "not run"))) is None
    assert draw_curves(make(ELASTIC)) is None
    (panel,) = draw_curves(make(HOP)).figure.axes
    assert panel.get_xlabel() == "path (Å)"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (282.46, 8.1, "282(8)"),
        (3.944874, None, "3.945"),
        (None, 1.0, "—"),
        (-0.5, None, "−0.5000"),
        (float("nan"), None, "—"),
    ],
)
def test_values(value, error, text):
    assert format_value(value, error) == text


def test_the_file_is_written_whole(tmp_path):
    document = make(ELASTIC)
    path = write_trust_card(document, tmp_path / "new" / "card.html")
    assert path.read_text("utf-8") == trust_card_html(document)
