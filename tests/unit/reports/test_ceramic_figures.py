"""Maps of ceramics as figures, page and tables: what is drawn, hatched and said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from perolyte.errors import InputError
from perolyte.reports import (
    arc_frequency_figure,
    boundary_table_figure,
    ceramic_map_figure,
    ceramic_map_html,
    json_text,
    report_html,
    write_figures,
)
from perolyte.reports.ceramic_map_page import interactive_map_figure
from perolyte.reports.ceramic_map_plot import find_extrapolated_spans
from perolyte.reports.ceramic_tables import describe_boundaries, describe_ceramic_parameters
from perolyte.reports.figures import settle_layout
from perolyte.schemas import CeramicMaps, GivenBoundary, GivenBulk, ScreeningSummaryDoc
from support.ceramics import BOUNDARY, BULK, make_map_document

DRAW = (ceramic_map_figure, boundary_table_figure, arc_frequency_figure)


def many(n: int, **changes: object) -> CeramicMaps:
    bulks = [
        GivenBulk(**{**BULK, "name": f"_m{i}$", "dopant": "Sr" if i else None}) for i in range(n)
    ]
    return make_map_document(bulk=bulks, **changes).maps


MAPS = {
    "one": make_map_document().maps,
    "several": many(4),
    "too_many": many(12, n_grain_sizes=2),
    "one_temperature": many(2, temperatures_K=[300.0]),
    "extrapolated_line": many(1, temperatures_K=[400.0]),
    "nothing": make_map_document(values=[]).maps,
    "empty": make_map_document(bulk=[]).maps,
}


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def count_hatches(figure: Figure) -> int:
    return sum(
        bool(getattr(item, "get_hatch", lambda: None)()) for axes in figure.axes
        for item in axes.patches
    )  # fmt: skip


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("name", ["several", "extrapolated_line", "nothing", "empty"])
def test_every_figure_of_a_map_is_drawn_and_nothing_is_clipped(draw, name):
    figure = draw(MAPS[name])
    settle_layout(figure)
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert box.x1 <= figure.bbox.x1 + 1
        assert not any(
            box.overlaps(axes.get_window_extent()) for axes in figure.axes if axes.get_visible()
        )


def test_what_is_outside_of_the_fits_is_hatched():
    # 350 and 400 K are outside of the boundary's range, from half way above 300 K
    figure = ceramic_map_figure(MAPS["one"])
    assert count_hatches(figure) == 1
    (patch,) = figure.axes[0].patches
    assert patch.get_extents().transformed(figure.axes[0].transData.inverted()).y0 == 325.0
    assert "outside of the" in words(figure)
    inside = [
        GivenBoundary(**{**BOUNDARY, "temperature_min_K": 250.0, "temperature_max_K": 450.0}),
    ]
    wide = [GivenBulk(**{**BULK, "temperature_max_K": 450.0})]
    clear = ceramic_map_figure(make_map_document(values=inside, bulk=wide).maps)
    assert count_hatches(clear) == 0
    assert "outside of the" not in words(clear)


@pytest.mark.parametrize(
    ("flags", "spans"),
    [
        ([None, None, None], []),
        (["bulk", None, None], [(300.0, 350.0)]),
        ([None, "bulk", None], [(350.0, 450.0)]),
        (["bulk", None, "boundary"], [(300.0, 350.0), (450.0, 500.0)]),
        (["bulk", "bulk", "bulk"], [(300.0, 500.0)]),
    ],
)
def test_hatched_ranges(flags, spans):
    assert find_extrapolated_spans([300.0, 400.0, 500.0], flags) == spans


def test_the_blocking_line_is_where_bulk_and_boundary_resist_alike():
    maps = MAPS["one"]
    figure = ceramic_map_figure(maps)
    line = max(figure.axes[0].lines, key=lambda item: item.get_linewidth())
    assert np.allclose(line.get_xdata(), maps.materials[0].half_blocking_nm.value)
    assert line.get_xdata()[0] == pytest.approx(25_000.0)


def test_more_materials_than_panels_are_said():
    assert "3 more materials are in the document" in words(ceramic_map_figure(MAPS["too_many"]))
    assert "5 more materials" in words(arc_frequency_figure(MAPS["too_many"]))


def test_nothing_to_draw_is_explained():
    text = " ".join(words(ceramic_map_figure(MAPS["nothing"])).split())
    assert "no boundary is given or computed" in text
    assert "no candidate with molecular dynamics" in words(ceramic_map_figure(MAPS["empty"]))
    with pytest.raises(InputError, match="no material has a map"):
        ceramic_map_html(MAPS["empty"], title="t")


def test_the_page_says_every_number_with_its_interval():
    figure = interactive_map_figure(MAPS["several"], title="a <b> title")
    sheets = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(sheets) == 1
    assert len(sheets[0].text) == 3
    assert "extrapolated: boundary outside" in sheets[0].text[1][0]
    assert "extrapolated" not in sheets[0].text[0][0]
    assert "to" in sheets[0].text[0][0]
    materials, quantities = figure.layout.updatemenus
    assert len(materials.buttons) == 4
    assert len(quantities.buttons) == 3
    data, traces = materials.buttons[2].args
    assert all(len(values) == len(figure.data) == len(traces) for values in data.values())
    assert figure.layout.title.text == "a &lt;b&gt; title"
    page = ceramic_map_html(MAPS["one"], title="a <b> title")
    assert "<title>a &lt;b&gt; title</title>" in page
    lines = interactive_map_figure(MAPS["one_temperature"], title="t")
    assert [trace.mode for trace in lines.data] == [None, "lines"] * 2


def test_tables_label_every_value():
    rows = describe_boundaries(MAPS["several"])
    assert [row["label"] for row in rows] == ["literature", *["assumed"] * 3]
    # half a decade either way, from sixty draws
    assert rows[0]["sigma"] == "4.0 (1.4–11.6)×10⁻⁸"
    assert rows[0]["resistance"] == "2.5"
    assert rows[0]["energy"] == "0.420(30)"
    parameters = describe_ceramic_parameters(MAPS["several"])
    assert all(item.label and item.source for item in parameters)
    thickness = next(item for item in parameters if item.name == "boundary thickness")
    assert thickness.label == "assumed"
    assert describe_boundaries(None) == describe_ceramic_parameters(None) == []


def test_the_json_of_a_campaign_holds_its_maps(one_point: ScreeningSummaryDoc) -> None:
    summary = one_point.model_copy(update={"ceramic_maps": MAPS["one"]})
    written = json.loads(json_text(summary))["ceramic_maps"]
    assert CeramicMaps.model_validate(written) == MAPS["one"]
    assert json.loads(json_text(one_point))["ceramic_maps"] is None


@pytest.mark.slow
def test_report_and_files_of_a_campaign_with_maps(
    tmp_path: Path, one_point: ScreeningSummaryDoc
) -> None:
    summary = one_point.model_copy(update={"ceramic_maps": MAPS["one"]})
    paths = {path.name for path in write_figures(summary, tmp_path)}
    assert {"ceramic_map.png", "boundaries.svg", "arc_frequencies.pdf", "ceramic_map.html"} <= paths
    text = report_html(summary)
    assert "Ceramics over grain size, temperature and dopant" in text
    assert 'href="figures/ceramic_map.html"' in text
    assert "another paper" in text
    assert "Ceramics over grain size" not in report_html(one_point)
    left = summary.model_copy(update={"ceramic_maps": MAPS["nothing"]})
    assert "no boundary is given or computed for it" in report_html(left)
