"""``perolyte recipe`` from a formula, a document and a campaign."""

from __future__ import annotations

import json

import pytest
from monty.json import jsanitize
from typer.testing import CliRunner

from perolyte.cli.app import app
from perolyte.errors import InputError
from perolyte.jobs import build_recipe
from perolyte.reports.recipe_page import recipe_html, recipe_markdown
from perolyte.schemas import ResultRow, ScreeningSummaryDoc
from perolyte.stores import open_store
from support.ceramics import make_map_document
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_candidate_set,
    make_conductivity,
    make_structure,
)

LABELS = {"computed", "empirical rule", "hypothesis"}
UUID = "0f0e0d0c-0000-4000-8000-{:012d}"


def run(*arguments: object):
    return CliRunner().invoke(app, ["recipe", *map(str, arguments)])


def refuse(*arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, InputError), result.output
    message = str(result.exception)
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a summary, a map, a conductivity and a document without a formula."""
    folder = str(tmp_path_factory.mktemp("store"))
    maps = make_map_document(bulk=[{**BULK, "name": "Sr2-S3"}])
    candidates = make_candidate_set(make_candidate("Sr2-S3"), make_candidate("parent"))
    rows = [
        ResultRow(
            rank=rank,
            ranked_by="conductivity",
            name=name,
            kind="parent",
            formula="Li3La7(TiO3)12",
            n_atoms=58,
            doping=None,
            relax_status="converged",
            relaxed_energy_per_atom_eV=-8.0,
            reaction_energy_eV_per_dopant=0.0,
            reaction=None,
            status=status,
            reasons=[],
            conductivity=None,
            warnings=[],
            uuids={"candidate_set": UUID.format(5)},
        )
        for rank, (name, status) in enumerate(
            [("Sr2-S3", "converged"), ("parent", "not_converged")], start=1
        )
    ]
    summary = ScreeningSummaryDoc(
        uuid=UUID.format(1),
        campaign="demo",
        name="demo",
        status="converged",
        provenance=PROVENANCE,
        parent_formula="Li3La7(TiO3)12",
        candidates=rows,
        ceramic_maps=maps.maps,
    )
    outputs = {
        1: summary,
        2: maps.model_copy(update={"uuid": UUID.format(2)}),
        3: make_conductivity("x", 1e-3, formula="Li0.5La0.5TiO3"),
        4: candidates,
        5: candidates,
    }
    opened = open_store(folder)
    for index, document in outputs.items():
        opened.update(
            {
                "uuid": UUID.format(index),
                "index": 1,
                "name": "a job",
                "output": jsanitize(document, strict=True, enum_values=True, allow_bson=True),
                "completed_at": "2026-01-01",
                "metadata": {},
            }
        )
    opened.close()
    return folder


BULK = {
    "formula": "Li0.33La0.56TiO3",
    "conductivity_S_cm": 1e-3,
    "temperature_K": 300.0,
    "activation_energy_eV": 0.33,
    "source": "another paper",
}


def test_files_and_words_of_a_formula(tmp_path):
    result = run("Li1/3La5/9TiO3", "--volume-A3", 58.0063, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert "0.7725" in result.output
    written = json.loads((tmp_path / "recipe.json").read_text("utf-8"))
    assert written["density_g_cm3"] == pytest.approx(5.02, abs=5e-3)
    labels = [line["label"] for part in written["sections"] for line in part["lines"]]
    assert set(labels) <= LABELS
    assert all(line["source"] for part in written["sections"] for line in part["lines"])
    page = (tmp_path / "recipe.html").read_text("utf-8")
    assert "Li1/3La5/9TiO3" in page
    assert "empirical rule" in page
    assert "| La2O3 | 5.1613 |" in (tmp_path / "recipe.md").read_text("utf-8")
    other = run("SrTiO3", "-o", tmp_path)
    assert "holds results of other compositions" in str(other.exception)
    assert json.loads((tmp_path / "recipe.json").read_text("utf-8")) == written


def test_json_is_all_that_is_printed():
    result = run("Li0.5La0.5TiO3", "--json", "--mass-g", 5, "--li-excess", 0.05)
    assert json.loads(result.stdout)["powders"][0]["excess"] == 0.05


def test_options_reach_the_powders():
    result = run(
        "Li0.5La0.5TiO3",
        *("--assay", "La=0.99", "--ignition-loss", "La=0.02", "--precursor", "Li=LiOH"),
        *("--calcine", "850:2", "--sinter", "1250:4", "--json"),
    )
    recipe = json.loads(result.stdout)
    powders = {line["element"]: line for line in recipe["powders"]}
    assert powders["Li"]["formula"] == "LiOH"
    assert powders["La"]["assay"] == 0.99
    texts = str(recipe["sections"])
    assert "calcination 850 °C for 2 h, sintering 1250 °C for 4 h" in texts


def test_a_campaign_gives_its_best_candidate_with_a_target_of_grains(store):
    result = run("demo", "--store", store, "--json")
    assert result.exit_code == 0, result.output
    recipe = json.loads(result.stdout)
    assert recipe["candidate"] == "Sr2-S3"
    assert recipe["formula"] == "Li3La7(TiO3)12"
    # atoms on a line, 58 of them 3 Å apart in a cell of 4 by 4 Å
    assert recipe["density_g_cm3"] == pytest.approx(
        recipe["molar_mass_g"] / 0.602214 / (3 * 58 * 16), rel=1e-4
    )
    grains = next(part for part in recipe["sections"] if part["title"] == "Grain size")
    assert "resist alike at grains of 25 µm" in grains["lines"][0]["text"]
    assert "usual sintering does not reach" in grains["lines"][0]["text"]
    assert "expect 3.8e-05 S/cm" in grains["lines"][1]["text"]
    assert UUID.format(1) in recipe["provenance"]["parent_uuids"]
    other = json.loads(run("demo", "--store", store, "--candidate", "parent", "--json").stdout)
    assert any("has no map" in text for text in other["warnings"])
    assert any("not resolved" in text for text in other["warnings"])


def test_documents_by_their_uuid(store):
    for index, formula in ((1, "Li3La7(TiO3)12"), (2, "Li0.33La0.56TiO3"), (3, "Li0.5La0.5TiO3")):
        result = run(UUID.format(index), "--store", store, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["formula"] == formula


def test_what_cannot_be_made_is_refused_in_one_line(store, tmp_path):
    assert "neither a formula" in refuse("no such thing")
    assert "nor a finished campaign" in refuse("no such thing", "--store", store)
    assert "has no formula" in refuse(UUID.format(4), "--store", store)
    assert "no candidate 'Ba'" in refuse("demo", "--store", store, "--candidate", "Ba")
    assert "goes with a campaign" in refuse("BaTiO3", "--candidate", "x")
    assert "not understood" in refuse("BaTiO3", "--assay", "Ba:1")
    assert "each element once" in refuse("BaTiO3", "--assay", "Ba=1", "--assay", "Ba=1")
    assert "°C:h" in refuse("BaTiO3", "--sinter", "hot")
    assert "no cation" in refuse("BaTiO3", "--li-excess", 0.1)
    assert "mass_g is -1" in refuse("BaTiO3", "--mass-g", -1)


def test_pages_show_words_as_words():
    maps = make_map_document().maps
    material = maps.materials[0].model_copy(update={"name": "<b>|x", "boundary": "<i>*"})
    recipe = build_recipe(
        "Li0.5La0.5TiO3",
        candidate="<b>|x",
        maps=maps.model_copy(update={"materials": [material]}),
    )
    page = recipe_html(recipe)
    assert "<i>*" not in page
    assert "&lt;b&gt;|x" in page
    text = recipe_markdown(recipe)
    assert r"\<b\>\|x" in text
    with pytest.raises(InputError, match="the map holds no 'other'"):
        build_recipe("Li0.5La0.5TiO3", candidate="other", maps=maps)


def test_a_structure_gives_its_own_density():
    structure = make_structure(Li=1, Ti=1, O=2)
    recipe = build_recipe("Li2TiO3", volume_A3=structure.volume)
    assert recipe.density_g_cm3 == pytest.approx(recipe.molar_mass_g / 0.602214 / structure.volume)
