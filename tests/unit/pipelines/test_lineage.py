"""Belongs here: a score walked down to its parts in the warehouse, added up again, and printed.
Does not belong here: the scores of a refresh (tests/end_to_end), or formulas (tests/unit/index)."""

from __future__ import annotations

import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from index_builders import KEYS, answers, samples_of, small_set, totals_of
from rich.console import Console

from assets.declare import SCHEMAS
from dgi.index.estimation import estimate_indicators
from dgi.index.scores import PROVINCE, score_districts
from pipelines import lineage
from pipelines.definitions import PUBLISHED
from pipelines.lineage import UnknownError, add_up, explain, read_lineage
from pipelines.settings import Settings
from pipelines.stores import Lake, Manifest
from sql.warehouse import Warehouse

YEAR = 2019
DISTRICTS = ("193-ha-long", "194-mong-cai", "207-co-to")
NAMES = {"193-ha-long": "Thành phố Hạ Long", "194-mong-cai": "Thành phố Móng Cái",
         "207-co-to": "Huyện Cô Tô", PROVINCE: "Toàn tỉnh"}  # fmt: skip
HASH = "a" * 64


def conform(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every declared column of a table, gaps where the test does not say."""
    rows = SCHEMAS.columns[SCHEMAS.columns["table"] == table]
    return SCHEMAS.conform(table, frame.reindex(columns=list(rows["column"])))


def scored() -> dict[str, pd.DataFrame]:
    """A small survey: district 207 has too few answers to indicator a, the set asks two."""
    frame = answers(7, DISTRICTS)
    thin = (frame["district"] == "207-co-to") & (frame.index % 5 != 0)
    frame["a"] = frame["a"].mask(thin)
    own = small_set(min_n="6")
    totals = totals_of(frame)
    scores, _ = score_districts(totals, samples_of(frame), own, DISTRICTS, seed=1, replicates=20)
    tree = own.tree.assign(indicator_set="small", good_answers="")
    min_n = own.at("indicator")["min_n"].to_numpy(float)
    estimates = [estimate_indicators(one, min_n) for one in (totals, totals.together(PROVINCE))]
    questions = pd.DataFrame({"key": KEYS, "question": KEYS, "header": KEYS}).assign(
        text_vi="Câu hỏi?", text_en="Question?", answers="yes_no", asked_if=""
    )
    made = [("district_scores", ""), ("province_estimates", "")]
    made += [(asset, one) for one in DISTRICTS
             for asset in ("indicator_estimates", "respondent_weights")]  # fmt: skip
    provenance = pd.DataFrame(made, columns=["asset", "district"]).assign(
        made_year=YEAR, fingerprint=HASH, code_version="0123456789ab", rows=1
    )
    files = pd.DataFrame({"district": DISTRICTS}).assign(
        file_year=YEAR, file="nhom-1.xlsx", sha256=HASH
    )
    tables = {
        "indicators": tree,
        "survey_sets": pd.DataFrame({"indicator_set": ["small"]}),
        "district_scores": scores.assign(
            edition="2019.1", district_name_vi=scores["district"].map(NAMES), is_sample=True
        ),
        "indicator_estimates": pd.concat(estimates).assign(is_sample=True),
        "indicator_questions": questions, "provenance": provenance, "source_files": files,
    }  # fmt: skip
    return {
        name: conform(name, one if name == "indicators" else one.assign(survey_year=YEAR))
        for name, one in tables.items()
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lineage")
    settings = Settings(home=folder)
    warehouse = Warehouse(settings.warehouse, SCHEMAS.columns, PUBLISHED)
    for name, frame in scored().items():
        warehouse.replace(name, None, {name: frame}, {name: ""})
    warehouse.make_views()
    lake = Lake(settings.lake)
    for district in DISTRICTS:
        place = {"survey_year": str(YEAR), "district": district}
        weights = pd.DataFrame({"respondent_id": ["x"] * 4, "weight": [1.0, 2.0, 3.0, 4.0]})
        lake.write("respondent_weights", place, weights)
        lake.write_manifest("respondent_weights", place, Manifest(HASH, "0123456789ab"))
    return settings


@pytest.fixture
def connection(home):
    with sa.create_engine(home.warehouse).connect() as connection:
        yield connection


@pytest.mark.parametrize("unit", [*DISTRICTS, PROVINCE])
def test_every_score_is_what_its_parts_add_up_to(connection, unit):
    rows = read_lineage(connection, YEAR, unit).rows
    checked = add_up(rows)
    assert len(checked) == 6  # the total, two dimensions, three sub-dimensions
    assert checked["difference"].max() < 1e-9
    assert set(rows["level"]) == {
        "total", "dimension", "sub_dimension", "indicator", "question", "file",
    }  # fmt: skip


def test_points_of_the_parts_add_up_to_the_score_above(connection):
    rows = read_lineage(connection, YEAR, "207-co-to").rows
    points = rows[rows["level"] == "indicator"].groupby("parent")["points"].sum()
    subs = rows[rows["level"] == "sub_dimension"].set_index("key")
    summed = points[subs.index] + subs["scale_min"]
    np.testing.assert_allclose(summed, subs["value"], rtol=0, atol=1e-12)


def test_an_indicator_with_too_few_answers_gives_its_weight_to_the_others(connection):
    rows = read_lineage(connection, YEAR, "207-co-to").rows
    own = rows[rows["level"] == "indicator"].set_index("key")
    assert pd.isna(own.loc["a", "value"]) and pd.isna(own.loc["a", "used_weight"])
    assert own.loc["a", "flag"] == "suppressed_small_n"
    assert own.loc["b", "used_weight"] == pytest.approx(0.6)
    assert rows.set_index("key").loc["knowing", "flag"] == "reweighted"


def test_a_path_leads_from_the_total_to_the_question(connection):
    rows = read_lineage(connection, YEAR, "193-ha-long").rows
    question = rows[(rows["level"] == "question") & (rows["key"] == "f")].iloc[0]
    assert question["path"] == "total/dimension_2/paying/f/f"
    assert question["name_vi"] == "Câu hỏi?"
    assert not rows.duplicated("path").any()


def test_the_province_rests_on_the_files_of_all_its_districts(connection):
    own = read_lineage(connection, YEAR, "193-ha-long").files
    assert list(own["sha256"]) == [HASH]
    assert len(read_lineage(connection, YEAR, PROVINCE).files) == len(DISTRICTS)


def test_a_branch_is_the_key_and_all_below_it(connection):
    branch = read_lineage(connection, YEAR, "193-ha-long", "knowing").branch
    assert set(branch["level"]) == {"sub_dimension", "indicator", "question"}
    assert set(branch["parent"]) == {"dimension_1", "knowing", "a", "b", "c"}


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ((2091, "193-ha-long"), "2019"),
        ((YEAR, "193-halong"), "did you mean 193-ha-long (Thành phố Hạ Long)"),
        ((YEAR, "huyện cô tô"), "207-co-to"),
        ((YEAR, "193-ha-long", "dimension1"), "dimension_1"),
        ((YEAR, "193-ha-long", "knowin"), "knowing"),
        ((YEAR, "193-ha-long", "total", "2019.9"), "2019.1"),
    ],
)
def test_what_is_unknown_is_answered_with_what_comes_near(connection, asked, near):
    with pytest.raises(UnknownError, match=re.escape(near)):
        read_lineage(connection, *asked)


def printed(found, home) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=200)
    done = explain(found, Lake(home.lake), console)
    return done, console.file.getvalue()


def test_the_print_shows_names_figures_weights_and_files_and_no_person(connection, home):
    sound, text = printed(read_lineage(connection, YEAR, "193-ha-long"), home)
    assert sound
    for word in ("Thành phố Hạ Long", "Dữ liệu mẫu", "Khớp: 6 điểm", "nhom-1.xlsx", HASH,
                 "0123456789ab", "10,00", "1,200", "càng thấp càng tốt"):  # fmt: skip
        assert word in text, word
    # Kish: 4 * (1 + 4 + 9 + 16) / 10² = 1.2; the id of the respondents is nowhere.
    assert "│ x" not in text and "respondent_id" not in text


@pytest.mark.parametrize("column", ["value", "weight", "used_weight"])
def test_a_part_that_does_not_add_up_is_told_and_fails(connection, home, column):
    found = read_lineage(connection, YEAR, "193-ha-long")
    place = (found.rows["level"] == "indicator") & (found.rows["key"] == "d")
    found.rows.loc[place, column] = found.rows.loc[place, column].astype(float) + 1e-6
    sound, text = printed(found, home)
    # One indicator carries all of its sub-dimension: another weight there must not cancel out.
    assert not sound
    assert "total/dimension_1/voting: published" in text


def test_a_score_without_one_of_its_parts_does_not_add_up(connection):
    rows = read_lineage(connection, YEAR, "193-ha-long").rows
    rows.loc[rows["key"] == "voting", "value"] = np.nan
    wrong = add_up(rows).set_index("path")["difference"]
    assert pd.isna(wrong["total/dimension_1"]) and wrong["total"] < 1e-9


def test_weights_made_anew_since_are_not_shown(connection, home):
    lake = Lake(home.lake)
    place = {"survey_year": str(YEAR), "district": "194-mong-cai"}
    kept = lake.read_manifest("respondent_weights", place)
    lake.write_manifest("respondent_weights", place, Manifest("b" * 64, "0123456789ab"))
    try:
        sound, text = printed(read_lineage(connection, YEAR, "194-mong-cai"), home)
    finally:
        lake.write_manifest("respondent_weights", place, kept)
    assert not sound
    assert "made anew since" in text and "10,00" not in text


def test_the_command_answers_with_its_exit_status(home, monkeypatch, capsys):
    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["lineage", "--year", str(YEAR), *arguments])
        return lineage.main()

    monkeypatch.setenv("DGI_HOME", str(home.home))
    assert run("--unit", "193-ha-long") == 0
    assert run("--unit", "193-ha-long", "--key", "voting", "--edition", "2019.1") == 0
    assert "Khớp: 1 điểm" in capsys.readouterr().out
    assert run("--unit", "193-halong") == 1
    assert "193-ha-long" in capsys.readouterr().out
    monkeypatch.setenv("DGI_HOME", str(home.home / "elsewhere"))
    assert run("--unit", "193-ha-long") == 1
