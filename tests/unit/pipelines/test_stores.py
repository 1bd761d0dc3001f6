"""The stores: whole or not at all, same frame same bytes, manifests, the warehouse by year.
Not here: what makes a partition stale (test_freshness.py)."""

import datetime
import os

import pandas as pd
import pytest
import sqlalchemy as sa

from pipelines.files import from_parquet, to_parquet, write_atomically
from pipelines.partitions import FACTS
from pipelines.schemas import SchemaError, Schemas
from pipelines.stores import (
    Lake,
    Manifest,
    ReportShelf,
    WarehouseStore,
)
from sql.warehouse import Warehouse

PLACE = {"survey_year": "2019", "district": "193-ha-long"}
FRAME = pd.DataFrame(
    {
        "n": pd.array([1, None], "Int64"),
        "share": [0.1, None],
        "name": pd.array(["Hạ Long", None], "str"),
        "is_sample": pd.array([True, None], "boolean"),
        "day": [datetime.date(2019, 7, 1), None],
    }
)


def test_the_same_frame_gives_the_same_bytes_and_comes_back_unchanged():
    assert to_parquet(FRAME) == to_parquet(FRAME.copy())
    back = from_parquet(to_parquet(FRAME))
    assert back["n"].tolist() == [1, pd.NA]
    assert back["is_sample"].tolist() == [True, pd.NA]
    assert back["name"].iloc[0] == "Hạ Long"
    assert back["day"].iloc[0] == datetime.date(2019, 7, 1)


def test_writing_the_same_bytes_again_touches_nothing(tmp_path):
    path = tmp_path / "a" / "file"
    assert write_atomically(path, b"one")
    before = path.stat().st_mtime_ns
    assert not write_atomically(path, b"one")
    assert path.stat().st_mtime_ns == before


def test_a_write_that_fails_leaves_the_old_bytes_and_no_leftovers(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_lake_notices_a_file_that_is_no_longer_what_it_wrote(tmp_path):
    lake = Lake(tmp_path)
    artefacts, rows = lake.write("responses", PLACE, FRAME)
    assert rows == 2
    assert lake.holds("responses", PLACE, artefacts)
    path = tmp_path / "responses/survey_year=2019/district=193-ha-long/part.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not lake.holds("responses", PLACE, artefacts)
    path.unlink()
    assert not lake.holds("responses", PLACE, artefacts)


def test_what_one_reader_changes_no_other_reader_sees(tmp_path):
    lake = Lake(tmp_path)
    lake.write("responses", PLACE, FRAME)
    first = lake.read("responses", PLACE)
    first.loc[0, "share"] = 99.0
    assert lake.read("responses", PLACE).loc[0, "share"] == 0.1


def test_a_broken_manifest_counts_as_none(tmp_path):
    lake = Lake(tmp_path)
    lake.write_manifest("responses", PLACE, Manifest("f", "v", rows=2))
    assert lake.read_manifest("responses", PLACE) == Manifest("f", "v", rows=2)
    path = tmp_path / "responses/survey_year=2019/district=193-ha-long/manifest.json"
    path.write_text("{")
    assert lake.read_manifest("responses", PLACE) is None


def test_report_files_are_read_back_by_their_manifest(tmp_path):
    lake = Lake(tmp_path / "lake")
    shelf = ReportShelf(tmp_path / "reports", lake)
    artefacts, _ = shelf.write("annual_report", {"survey_year": "2019"}, {"P7.xlsx": b"book"})
    lake.write_manifest(
        "annual_report", {"survey_year": "2019"}, Manifest("f", "v", {}, {}, artefacts)
    )
    assert shelf.read("annual_report", {"survey_year": "2019"}) == {"P7.xlsx": b"book"}
    assert shelf.holds("annual_report", {"survey_year": "2019"}, artefacts)
    (tmp_path / "reports/2019/P7.xlsx").write_bytes(b"other")
    assert not shelf.holds("annual_report", {"survey_year": "2019"}, artefacts)


SCHEMAS = Schemas(FACTS.table("tables/columns.csv"))


def _sets(*years: int) -> pd.DataFrame:
    return SCHEMAS.conform(
        "survey_sets",
        pd.DataFrame(
            {
                "survey_year": years,
                "indicator_set": "district-2018",
                "questionnaire": "citizens-2018",
                "reference_date": datetime.date(2019, 7, 1),
            }
        ),
    )


@pytest.fixture
def store(tmp_path):
    tables = ["survey_sets", "district_scores", "district_changes", "indicators"]
    address = f"sqlite:///{tmp_path / 'w.sqlite'}"
    return WarehouseStore(Warehouse(address, SCHEMAS.columns, tables), Lake(tmp_path / "lake"))


def test_a_year_is_replaced_and_its_neighbours_stay(store):
    for year in (2018, 2019):
        store.write("published_survey", {"survey_year": str(year)}, {"survey_sets": _sets(year)})
    store.write("published_survey", {"survey_year": "2019"}, {"survey_sets": _sets(2019, 2019)})
    assert store.read("published_survey", {"survey_year": "2018"}) == {"survey_sets": (1, 1)}
    assert store.read("published_survey", {"survey_year": "2019"}) == {"survey_sets": (2, 2)}


def test_a_load_that_fails_leaves_the_year_as_it_was(store):
    place = {"survey_year": "2019"}
    artefacts, _ = store.write("published_survey", place, {"survey_sets": _sets(2019)})
    broken = _sets(2019).assign(indicator_set=[object()])
    with pytest.raises(sa.exc.StatementError):
        store.warehouse.replace(
            "published_survey", "2019", {"survey_sets": broken}, {"survey_sets": ""}
        )
    assert store.read("published_survey", place) == {"survey_sets": (1, 1)}
    assert store.holds("published_survey", place, artefacts)


def test_somebody_elses_rows_are_noticed(store):
    place = {"survey_year": "2019"}
    store.write("published_survey", place, {"survey_sets": _sets(2019)})
    with store.warehouse.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM survey_sets"))
    assert store.read("published_survey", place) == {"survey_sets": (0, 1)}


def test_the_views_can_be_made_twice(store):
    store.warehouse.make_views()
    store.warehouse.make_views()
    assert set(sa.inspect(store.warehouse.engine).get_view_names()) == {
        "who_ranks_where", "who_changed", "why_it_changed", "where_to_act_first",
        "how_sure_is_the_ranking", "what_can_be_compared", "lineage_of_a_score",
        "what_may_be_claimed",
    }  # fmt: skip


def test_a_frame_with_other_columns_is_refused_by_name():
    with pytest.raises(SchemaError, match=r"missing columns \['indicator_set'\].*extra"):
        SCHEMAS.conform("survey_sets", _sets(2019).drop(columns="indicator_set").assign(extra=1))
