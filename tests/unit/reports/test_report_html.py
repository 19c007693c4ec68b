"""The report in one file: well-formed, self-contained, escaped, honest."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from perolyte.reports import report_html, write_report
from perolyte.schemas import ScreeningSummaryDoc

SUMMARIES = ("unresolved", "mixed", "nothing_run", "one_point")
SECTIONS = {
    "ranking",
    "conductivity",
    "displacement",
    "grains",
    "details",
    "parameters",
    "methods",
    "warnings",
    "provenance",
}


def parse(html: str) -> ET.Element:
    """The template is written as XML too, so that a tag left open is an error here."""
    return ET.fromstring(html.replace("<!DOCTYPE html>", "", 1).strip())


def text_of(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def table_rows(page: ET.Element) -> list[list[str]]:
    table = page.find(".//section[@aria-labelledby='ranking']//table")
    assert table is not None
    return [[text_of(cell) for cell in row] for row in table.findall("tbody/tr")]


@pytest.fixture(scope="module")
def mixed_page(mixed: ScreeningSummaryDoc) -> ET.Element:
    return parse(report_html(mixed))


@pytest.mark.parametrize("name", SUMMARIES)
def test_page_is_well_formed_and_needs_nothing_else(
    name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    html = report_html(every_summary[name])
    page = parse(html)
    assert page.get("lang") == "en"
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert set(ids) == SECTIONS
    for element in page.iter():
        assert element.tag not in {"script", "link", "iframe", "object"}
        for attribute in ("src", "href", "srcset", "action"):
            value = element.get(attribute)
            assert value is None or value.startswith("data:image/svg+xml;base64,")
    assert not re.search(r"https?://", html)
    style = page.find("head/style")
    assert style is not None
    assert "@import" not in (style.text or "")
    assert "url(" not in (style.text or "")


def test_figures_are_images_with_words(mixed_page: ET.Element) -> None:
    images = mixed_page.findall(".//img")
    assert len(images) == 4
    for image in images:
        assert len(image.get("alt", "")) > 30
        data = base64.b64decode(image.get("src", "").partition("base64,")[2])
        assert ET.fromstring(data).tag.endswith("svg")


def test_tables_have_captions_and_scopes(mixed_page: ET.Element) -> None:
    tables = mixed_page.findall(".//table")
    assert len(tables) == 1 + 4 + 2  # ranking, four candidates with MD, parameters and settings
    for table in tables:
        assert table.find("caption") is not None
        assert all(cell.get("scope") in {"col", "row"} for cell in table.iter("th"))


def test_ranked_table_has_dashes_where_no_number_is(mixed_page: ET.Element) -> None:
    rows = table_rows(mixed_page)
    assert [row[1] for row in rows] == ["Sr2-S3", "parent", "Ba2-S3", "Al2-A2", "Ge1-A1"]
    assert re.fullmatch(r"\d\.\d \(\d\.\d–\d\.\d\)×10⁻⁴", rows[0][7])
    assert [row[6:8] for row in rows[2:]] == [["—", "—"]] * 3
    assert [row[-1] for row in rows] == [
        "converged",
        "converged",
        "not converged",
        "unphysical",
        "relaxation not converged",
    ]


def test_names_are_escaped(
    mixed: ScreeningSummaryDoc, make_hostile: Callable[..., ScreeningSummaryDoc]
) -> None:
    html = report_html(make_hostile(mixed))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<b>demo" not in html
    assert "_<script>alert('$x^$ [bold]')</script>" in text_of(parse(html))


def test_details_hold_reaction_reasons_and_uuids(mixed_page: ET.Element) -> None:
    details = mixed_page.findall(".//details")
    assert len(details) == 5
    third = text_of(details[2])
    assert "2 LaA• + OO× → 2 SrA× + VO••" in third
    assert "0.167 (asked: 0.15) of A sites" in third
    assert "12 net hops" in third
    assert "r-Ba2-S3" in third
    assert "diffusion 1200 Kd-1200" in third
    assert "< 1.8×10⁻⁶" in third
    assert "Why it is not resolved" in third
    assert "Why it is not resolved" not in text_of(details[0])


def test_parameters_carry_label_and_source(mixed_page: ET.Element) -> None:
    tables = mixed_page.findall(".//section[@aria-labelledby='parameters']//table")
    parameters, settings = (
        [[text_of(c) for c in r] for r in t.findall("tbody/tr")] for t in tables
    )
    boundary = next(row for row in parameters if row[0] == "boundary conductivity (specific)")
    assert boundary[1:3] == ["1.6×10⁻⁸ S/cm", "literature"]
    assert boundary[3].startswith("specific value from apparent")
    assert boundary[4] == "Sr2-S3, parent, literature curve"
    computed = next(row for row in parameters if row[2] == "computed")
    assert computed[1] == table_rows(mixed_page)[0][7] + " S/cm"  # the same digits everywhere
    assert computed[3] == "document c-Sr2-S3"
    assert ["hop_distance_A", "3.87", "Sr2-S3, parent, Ba2-S3, Al2-A2"] in settings


def test_provenance_names_everything(mixed_page: ET.Element) -> None:
    section = text_of(mixed_page.find(".//section[@aria-labelledby='provenance']"))  # type: ignore[arg-type]
    for part in ("0.1.0", "chgnet 0.3.0", "ab" * 32, "ef" * 32, "2026", "summary-1", "UTC"):
        assert part in section


def test_unresolved_report_shows_no_conductivity(unresolved: ScreeningSummaryDoc) -> None:
    page = parse(report_html(unresolved))
    assert all(row[6:8] == ["—", "—"] for row in table_rows(page))
    answer = page.find(".//div[@role='note']")
    assert answer is not None
    assert text_of(answer).startswith("No conductivity at 300 K is resolved")
    assert "12 net hops" in text_of(answer)


def test_a_summary_with_nothing_optional_still_reports(nothing_run: ScreeningSummaryDoc) -> None:
    provenance = nothing_run.provenance.model_copy(
        update={"potential": None, "seed": None, "parent_uuids": []}
    )
    bare = nothing_run.model_copy(
        update={
            "provenance": provenance,
            "warnings": [],
            "uuid": None,
            "campaign": None,
            "campaign_file_sha256": None,
        }
    )
    text = text_of(parse(report_html(bare)))
    assert "Warnings None." in text
    assert "No parameter besides the settings entered these results." in text


def test_file_is_written_whole(tmp_path: Path, nothing_run: ScreeningSummaryDoc) -> None:
    path = write_report(nothing_run, tmp_path / "out" / "report.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert list(path.parent.iterdir()) == [path]


def test_binding_energies_have_a_table_of_their_own(bound: ScreeningSummaryDoc) -> None:
    page = parse(report_html(bound))
    table = page.find(".//section[@aria-labelledby='binding']//table")
    assert table is not None
    rows = [[text_of(cell) for cell in row] for row in table.findall("tbody/tr")]
    assert rows[0] == ["Al2-A3-n1", "Al, vacancy X", "1.94", "5.80", "−0.42"]
    assert rows[1][-1] == "relaxation not converged: Al2-A3-n2"


def test_simulated_boundaries_have_a_table_of_their_own(
    with_boundaries: ScreeningSummaryDoc,
) -> None:
    page = parse(report_html(with_boundaries))
    table = page.find(".//section[@aria-labelledby='simulated']//table")
    assert table is not None
    rows = [[text_of(cell) for cell in row] for row in table.findall("tbody/tr")]
    unknown = ["—", "—", "not convergedtoo short"]
    assert rows == [
        ["Sr2-S3 sigma5 (2 1 0)", "—", "10 (assumed)", "800", *unknown],
        ["1000", *unknown],
        [
            *("parent sigma13 (3 2 0)", "0.700", "10 (assumed)", "800"),
            *("−1.0×10⁻⁶ – 2.0×10⁻⁵", "> 5.0×10⁻³"),
            "not convergednot told apart from zero",
        ],
        ["1000", "3.2(4)×10⁻⁶", "0.031(4)", "converged"],
    ]
    assert "a poor proxy (Sr2-S3 sigma5 (2 1 0))" in text_of(page)


def test_without_simulated_boundaries_nothing_is_said_of_them(mixed_page: ET.Element) -> None:
    assert mixed_page.find(".//section[@aria-labelledby='simulated']") is None
