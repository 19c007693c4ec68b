"""What a campaign found, for readers: tables, figures, and a report in one HTML file."""

from perolyte.reports.ceramic_map_page import ceramic_map_html
from perolyte.reports.console import binding_lines, ranked_table, reason_lines
from perolyte.reports.figures import (
    arc_frequency_figure,
    arrhenius_figure,
    boundary_table_figure,
    ceramic_map_figure,
    grain_size_figure,
    msd_figure,
    ranking_figure,
    write_figures,
)
from perolyte.reports.headline import write_headline
from perolyte.reports.html import report_html, write_report
from perolyte.reports.microstructure_plot import current_figure, microstructure_figure
from perolyte.reports.tables import csv_text, json_text, result_records, write_csv, write_json
from perolyte.reports.training_plot import training_figure

__all__ = [
    "arc_frequency_figure",
    "arrhenius_figure",
    "binding_lines",
    "boundary_table_figure",
    "ceramic_map_figure",
    "ceramic_map_html",
    "csv_text",
    "current_figure",
    "grain_size_figure",
    "json_text",
    "microstructure_figure",
    "msd_figure",
    "ranked_table",
    "ranking_figure",
    "reason_lines",
    "report_html",
    "result_records",
    "training_figure",
    "write_csv",
    "write_figures",
    "write_headline",
    "write_json",
    "write_report",
]
