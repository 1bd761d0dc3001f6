"""Pairs of a unit and a survey year that cannot exist, told to Dagster with the reason.
Not here: districts that exist and delivered nothing (refresh.py), or what is made of the others."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date, timedelta

import dagster as dg

from dgi.facts.units import Units
from pipelines.jobs import STAGES
from pipelines.partitions import DISTRICTS, FACTS, district_year_key, districts_of

ASSETS = tuple(a for stage in STAGES if stage.grain == "district_year" for a in stage.assets)


def explain_absence(units: Units, district: str, day: date) -> dict[str, str]:
    """Why a unit of the register is not in force on `day`: {'vi': ..., 'en': ...}."""
    states = units.districts[units.districts["district"] == district]
    begins = min(states["valid_from"].map(lambda first: first or date.min))
    if day < begins:
        return {
            "vi": f"{district} chỉ có từ ngày {begins:%d/%m/%Y}",
            "en": f"{district} has been there only since {begins}",
        }
    last = states.loc[states["valid_to"].map(lambda end: end or date.max).idxmax()]
    ended = last["valid_to"]
    if last["successor"]:
        return {
            "vi": f"{district} đã nhập vào {last['successor']} từ ngày {ended:%d/%m/%Y}",
            "en": f"{district} was merged into {last['successor']} on {ended}",
        }
    before = ended - timedelta(days=1)
    own = units.communes_on(before)
    own = own.loc[own["district"] == district, "commune_code"]
    heirs = ", ".join(sorted(set(units.places_of_communes(own, before, ended)["district"])))
    return {
        "vi": f"{district} không còn từ ngày {ended:%d/%m/%Y}; địa bàn nay thuộc {heirs}",
        "en": f"{district} ended on {ended}; its area now lies in {heirs}",
    }


def absences(years: Iterable[int]) -> dict[str, dict[str, str]]:
    """Partition key of every pair that cannot exist in `years` -> the reason, in year order."""
    found = {}
    for year in years:
        day = FACTS.survey(year).reference_date
        for district in sorted(set(DISTRICTS) - set(districts_of(year))):
            reason = explain_absence(FACTS.units, district, day)
            found[str(district_year_key(district, year))] = reason
    return found


def report_absences(instance: dg.DagsterInstance, years: Iterable[int]) -> int:
    """Tell `instance` of every pair that cannot exist, once for each asset; how many were new.

    Each is a materialisation without a run and without a value, so that the grid of units and
    years has no hole that looks like work undone. It has no manifest: to every reader, and to
    the refresh, the partition is as absent as before (pipelines/freshness.py).
    """
    wanted = absences(years)
    new = []
    for asset in ASSETS:
        known = instance.get_materialized_partitions(dg.AssetKey(asset)) if wanted else set()
        new += [(asset, key) for key in wanted if key not in known]
    if not new:
        return 0
    # Our own event log takes them as one transaction; another storage one by one.
    together = getattr(instance.event_log_storage, "together", nullcontext)
    with together():
        for asset, key in new:
            reason = wanted[key]
            told: dict[str, bool | str] = {
                "exists": False,
                "why": reason["en"],
                "vì sao": reason["vi"],
            }
            instance.report_runless_asset_event(
                dg.AssetMaterialization(asset, partition=key, metadata=told)
            )
    return len(new)
