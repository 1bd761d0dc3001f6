"""Whom a simulated survey asks: the frame of villages, the draw from it, the people and their day.
Not here: what they answer (answers), or weights of a survey (weights)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from dgi.facts.surveys import SurveyRow
from dgi.facts.units import Units, code_of
from dgi.simulation.assumptions import SampleAssumptions


def village_frame(
    units: Units,
    commune_adults: pd.DataFrame,
    census_day: date,
    day: date,
    assumptions: SampleAssumptions,
) -> pd.DataFrame:
    """Every village of the province on the boundary of `day`, with its adults aged 18-70.

    `commune_adults`: commune_code, adults of one census, the communes being those of
    `census_day`. A commune that has ended brings its villages to its (first) successor, behind
    the successor's own. A village has the assumed
    smallest number of adults or more, unless the commune is too small for two such. Returns one
    row per village:
    district, home (the district whose opinions it shares), commune_code, area, village_code,
    adults, village_row (its number for good: it does not change with the boundary).
    Raises FactError for an unknown commune.
    """
    current = units.communes_on(day).set_index("commune_code")
    # Of a commune made of several, opinions are those of the first of their districts.
    homes = (
        units.places_of_communes(
            commune_adults["commune_code"], census_day, assumptions.districts.boundary
        )
        .drop_duplicates("commune_code")
        .set_index("commune_code")["district"]
    )
    heir_of = units.heirs_of_communes(census_day, day).drop_duplicates("commune_code")
    census = commune_adults.sort_values("commune_code", ignore_index=True)
    sizes = [
        _village_sizes(round(row.adults), row.commune_code, assumptions)
        for row in census.itertuples(index=False)
    ]
    counts = [len(size) for size in sizes]
    heirs = census["commune_code"].map(heir_of.set_index("commune_code")["heir"])
    frame = pd.DataFrame(
        {
            "origin": census["commune_code"].repeat(counts).to_numpy(),
            "commune_code": heirs.repeat(counts).to_numpy(),
            "adults": np.concatenate(sizes),
            "village_row": np.arange(sum(counts)),
        }
    )
    frame["district"] = frame["commune_code"].map(current["district"])
    frame["area"] = frame["commune_code"].map(current["area"])
    frame["home"] = frame["origin"].map(homes)
    frame["is_annexed"] = frame["origin"] != frame["commune_code"]
    frame = frame.sort_values(
        ["district", "commune_code", "is_annexed", "village_row"], ignore_index=True
    )
    serial = (frame.groupby("commune_code").cumcount() + 1).astype(str).str.zfill(2)
    frame["village_code"] = frame["commune_code"] + "-" + serial
    return frame[
        ["district", "home", "commune_code", "area", "village_code", "adults", "village_row"]
    ]


def _village_sizes(adults: int, code: str, assumptions: SampleAssumptions) -> np.ndarray:
    """Adults of each village of one commune: whole numbers that add up to `adults`."""
    assumed = assumptions.villages
    wanted = max(assumed.at_least, round(adults / assumed.mean_adults))
    count = max(2, min(wanted, int(adults / (1.2 * assumed.smallest))))
    rng = assumptions.stream("village sizes", code)
    shares = rng.lognormal(0, assumed.spread, count)
    floor = min(assumed.smallest, adults // count)
    exact = (adults - floor * count) * shares / shares.sum()
    sizes = np.floor(exact).astype(int)
    sizes[np.argsort(sizes - exact, kind="stable")[: adults - floor * count - sizes.sum()]] += 1
    return sizes + floor


def draw_villages(
    frame: pd.DataFrame, survey: SurveyRow, assumptions: SampleAssumptions
) -> pd.DataFrame:
    """The villages of one survey year's sample, by two stages with probability to size (method §5).

    `frame`: as `village_frame` returns it. Within a district communes are stratified by area and
    drawn without replacement; one that is certain to be drawn is a stratum of its own with its
    villages as primary units. The draw of communes is the same each year; of a commune's
    villages about `rotation` change. Returns the drawn rows of the frame with stratum, psu,
    commune_prob, village_prob.
    """
    drawn = [
        _draw_district(villages, survey, assumptions) for _, villages in frame.groupby("district")
    ]
    return pd.concat(drawn, ignore_index=True)


def _draw_district(
    frame: pd.DataFrame, survey: SurveyRow, assumptions: SampleAssumptions
) -> pd.DataFrame:
    district = str(frame["district"].iloc[0])
    communes = frame.groupby("commune_code").agg(area=("area", "first"), adults=("adults", "sum"))
    wanted = assumptions.design.communes_per_district
    draws = _share_out(communes.groupby("area")["adults"].sum(), communes["area"], wanted)
    picked = []
    for area, rows in communes.groupby("area"):
        sizes = rows["adults"].to_numpy()
        start = assumptions.stream("communes", district, area).random()
        certain, left = _certain_units(sizes, draws[area], lonely=False)
        taken, prob = _systematic(sizes, certain, left, start)
        picked.append(rows.assign(prob=prob, is_certain=certain).iloc[taken])
    chosen = pd.concat(picked).sort_values(["adults", "area"], ascending=False, kind="stable")
    per_district = survey.sample_per_district // survey.respondents_per_village
    least, rest = divmod(per_district, len(chosen))
    if least < assumptions.design.villages_per_commune:
        least, rest = assumptions.design.villages_per_commune, 0
    villages_of = frame.groupby("commune_code").indices
    adults = frame["adults"].to_numpy()
    parts = []
    for number, commune in enumerate(chosen.itertuples()):
        villages = villages_of[commune.Index]
        count = min(len(villages), least + (number < rest))
        certain, left = _certain_units(adults[villages], count, lonely=True)
        moved = assumptions.design.rotation * survey.survey_year
        turn = moved * left / max((~certain).sum(), 1)
        start = assumptions.stream("villages", commune.Index).random() + turn
        taken, prob = _systematic(adults[villages], certain, left, start % 1)
        parts.append((villages[taken], prob[taken]))
    drawn = frame.iloc[np.concatenate([rows for rows, _ in parts])]
    communes = chosen.loc[drawn["commune_code"]]
    is_certain = communes["is_certain"].to_numpy()
    kind = pd.Series(np.where(is_certain, communes.index, communes["area"]), drawn.index)
    if len(chosen) == 1:  # a unit of one commune: communes are no stage
        stratum = pd.Series(district, drawn.index)
    else:
        stratum = district + "-" + kind.astype(str)
    return drawn.assign(
        stratum=stratum,
        psu=np.where(is_certain, drawn["village_code"], drawn["commune_code"]),
        commune_prob=communes["prob"].to_numpy(),
        village_prob=np.concatenate([prob for _, prob in parts]),
    ).sort_values("village_code", ignore_index=True)


def _share_out(adults: pd.Series, area: pd.Series, wanted: int) -> dict[str, int]:
    """How many communes to draw in each area: in proportion to adults, two at least."""
    available = area.value_counts()
    if available.sum() <= wanted:
        return {name: int(available[name]) for name in adults.index}
    draws = {name: min(2, int(available[name])) for name in adults.index}
    while sum(draws.values()) < wanted:
        # The next commune goes where one draw stands for most adults (Webster's rule).
        open_areas = [name for name in draws if draws[name] < available[name]]
        draws[max(open_areas, key=lambda name: adults[name] / (draws[name] + 0.5))] += 1
    return draws


def _certain_units(adults: np.ndarray, draws: int, *, lonely: bool) -> tuple[np.ndarray, int]:
    """Which units are certain to be drawn, and how many draws are left for the others.

    Unless a `lonely` draw is allowed, one that is left over becomes two: a single drawn unit
    has no measurable variance.
    """
    certain = np.zeros(len(adults), dtype=bool)
    left = draws
    while True:
        rest = adults[~certain].sum()
        if left >= (~certain).sum():
            return np.ones(len(adults), dtype=bool), 0
        large = ~certain & (left * adults >= rest)
        if large.any():
            certain |= large
            left -= int(large.sum())
        elif left == 1 and not lonely:
            left = 2
        else:
            return certain, left


def _systematic(
    adults: np.ndarray, certain: np.ndarray, draws: int, start: float
) -> tuple[np.ndarray, np.ndarray]:
    """Positions drawn (the certain ones and `draws` others), and each one's probability."""
    others = np.flatnonzero(~certain)
    prob = np.ones(len(adults))
    if len(others) == 0:
        return np.arange(len(adults)), prob
    prob[others] = draws * adults[others] / adults[others].sum()
    ends = np.cumsum(prob[others])
    hit = np.searchsorted(ends, start + np.arange(draws), side="right")
    taken = others[np.minimum(hit, len(others) - 1)]  # a sum of floats may end just below
    return np.sort(np.concatenate([np.flatnonzero(certain), taken])), prob


def draw_people(
    sample: pd.DataFrame, margins: pd.DataFrame, survey: SurveyRow, assumptions: SampleAssumptions
) -> pd.DataFrame:
    """The people interviewed in one survey year, `respondents_per_village` in each drawn village.

    `sample`: as `draw_villages` returns it; `margins`: the census margins on the survey's
    boundary (dgi.survey.weights). Returns the sample's columns, one row per interview, with
    interviewer, interview_date (dd/mm/yyyy), respondent_id, sex, age and lean: how far the
    person's sex and age move their answers, in probit units, 0 over the district's adults.
    """
    per_village = survey.respondents_per_village
    people = sample.loc[sample.index.repeat(per_village)].reset_index(drop=True)
    village = sample.groupby("district").cumcount().to_numpy().repeat(per_village)
    turn = np.tile(np.arange(per_village), len(sample))
    crew, half = assumptions.interviewers, (per_village + 1) // 2
    team = village % crew.teams
    # Two members of a team share a village, so that who asks is told apart from where.
    member = (village // crew.teams + (turn >= half)) % crew.per_team
    people["interviewer"] = [
        f"DTV{code_of(district)}-{one + 1}{two + 1}"
        for district, one, two in zip(people["district"], team, member, strict=True)
    ]
    days = (survey.fieldwork_end - survey.fieldwork_start).days
    last = pd.Series(village).groupby(people["district"]).transform("max").to_numpy()
    day = (village // crew.teams) * days // (last // crew.teams + 1)
    day = np.minimum(day + turn % half // crew.per_day, days)
    dates = {n: (survey.fieldwork_start + timedelta(days=int(n))).strftime("%d/%m/%Y")
             for n in np.unique(day)}  # fmt: skip
    people["interview_date"] = [dates[n] for n in day]
    people["respondent_id"] = [
        f"QN{survey.survey_year % 100:02d}-{code_of(district)}-{number + 1:04d}"
        for district, number in zip(
            people["district"], people.groupby("district").cumcount(), strict=True
        )
    ]
    parts = []
    for district, rows in people.groupby("district"):
        cells = margins[(margins["district"] == district) & (margins["margin"] == "sex_age")]
        sex, age_group = (cells["category"].str.split(" ").str[i].to_numpy() for i in (0, 1))
        population = cells["population"].to_numpy() / cells["population"].sum()
        ready = np.array(
            [
                assumptions.response.sex[one] * assumptions.response.age[two]
                for one, two in zip(sex, age_group, strict=True)
            ]
        )
        lean = np.array(
            [
                assumptions.people.sex[one] + assumptions.people.age[two]
                for one, two in zip(sex, age_group, strict=True)
            ]
        )
        chance = population * ready
        rng = assumptions.stream("people", survey.survey_year, district)
        cell = rng.choice(len(cells), len(rows), p=chance / chance.sum())
        bounds = np.array([[int(end) for end in group.split("-")] for group in age_group])[cell]
        parts.append(
            rows.assign(
                sex=sex[cell],
                age=rng.integers(bounds[:, 0], bounds[:, 1] + 1),
                lean=(lean - population @ lean)[cell],
            )
        )
    return pd.concat(parts, ignore_index=True)
