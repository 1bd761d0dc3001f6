"""What the refresh plans: candidates, ranges of neighbours, and finding the partition at fault.
Not here: real runs through the command line (tests/end_to_end)."""

from types import SimpleNamespace

import pytest

from pipelines import runs
from pipelines.jobs import STAGES
from pipelines.partitions import DISTRICTS, PAPI_YEARS, SURVEY_YEARS, district_year_key
from pipelines.refresh import candidates, delivered_years, ranges

BY_NAME = {stage.name: stage for stage in STAGES}
GRID = BY_NAME["district_year"]


def key(district: str, year: int) -> str:
    return str(district_year_key(district, year))


def test_a_district_that_has_merged_is_no_candidate_afterwards():
    wanted = candidates(GRID, [2019, 2020])
    assert key("204-hoanh-bo", 2019) in wanted
    assert key("204-hoanh-bo", 2020) not in wanted
    assert len(wanted) == 27


def test_papi_years_are_all_wanted_whatever_year_is_named():
    wanted = candidates(BY_NAME["papi_year"], [2019])
    assert wanted == [str(year) for year in PAPI_YEARS]


def test_neighbours_share_a_run_and_a_gap_parts_them():
    wanted = [k for k in candidates(GRID, [2020]) if k]
    first, second = ranges(GRID, wanted[::-1])
    assert first[0] == key("193-ha-long", 2020)
    assert first[-1] == key("203-van-don", 2020)
    assert second == [key(d, 2020) for d in DISTRICTS[-3:]]


def test_years_do_not_share_a_run_of_districts():
    wanted = [key("193-ha-long", 2018), key("193-ha-long", 2019)]
    assert ranges(GRID, wanted) == [[wanted[0]], [wanted[1]]]


def test_only_years_with_a_delivery_are_refreshed(tmp_path):
    (tmp_path / "2018" / "193-ha-long").mkdir(parents=True)
    (tmp_path / "2018" / "193-ha-long" / "team.xlsx").touch()
    (tmp_path / "2019" / "193-ha-long").mkdir(parents=True)
    (tmp_path / "2020" / ".193-ha-long-77").mkdir(parents=True)
    (tmp_path / "2020" / ".193-ha-long-77" / "half.xlsx").touch()
    assert set(SURVEY_YEARS) >= {2018, 2019, 2020}
    assert delivered_years(tmp_path) == [2018]


@pytest.fixture
def tried(monkeypatch):
    """Replaces Dagster's run: partitions in `bad` fail, with the reason they are given."""
    calls: list[list[str]] = []
    bad: dict[str, str] = {}

    def run(pipeline, instance, stage, group, reason):
        calls.append(group)
        return SimpleNamespace(
            success=not any(k in bad for k in group), reason=bad.get(group[0], "") if group else ""
        )

    monkeypatch.setattr(runs, "_run", run)
    monkeypatch.setattr(runs, "_reason", lambda result: result.reason)
    return SimpleNamespace(calls=calls, bad=bad)


def test_a_range_without_fault_is_one_run(tried):
    outcome = runs.run_range(None, None, GRID, list("abcdefgh"))
    assert tried.calls == [list("abcdefgh")]
    assert outcome.made == list("abcdefgh")
    assert not outcome.failures


def test_the_partition_at_fault_is_found_and_all_others_are_made(tried):
    tried.bad["f"] = "truncated"
    outcome = runs.run_range(None, None, GRID, list("abcdefgh"))
    assert sorted(outcome.made) == list("abcdegh")
    assert [str(failure) for failure in outcome.failures] == ["district_year f: truncated"]
    assert ["f"] in tried.calls
    assert len(tried.calls) == 7


def test_two_faults_with_their_own_reasons_are_both_found(tried):
    tried.bad |= {"a": "one", "h": "two"}
    outcome = runs.run_range(None, None, GRID, list("abcdefgh"))
    assert {failure.reason for failure in outcome.failures} == {"one", "two"}
    assert sorted(outcome.made) == list("bcdefg")


def test_a_fault_that_all_share_is_laid_at_every_door(tried):
    tried.bad |= dict.fromkeys("abcdefgh", "the same")
    outcome = runs.run_range(None, None, GRID, list("abcdefgh"))
    assert [failure.partition for failure in outcome.failures] == list("abcdefgh")
    assert not outcome.made
