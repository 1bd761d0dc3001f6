"""Index: weights, sampling-unit totals, indicator estimates, scores of districts and province.
Not here: any formula (dgi), how sure the ranking is (ranking.py), or change (change.py)."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, markdown_table, note
from dgi.index.estimation import estimate_indicators
from dgi.index.indicators import indicator_values
from dgi.index.scores import PROVINCE, score_districts
from dgi.index.sums import Calibration
from dgi.index.totals import PsuTotals, reduce_to_psu
from dgi.survey.design import sampling_units
from dgi.survey.weights import (
    calibration_columns,
    count_respondents,
    kish_design_effect,
    sample_sizes,
    weigh_respondents,
)
from pipelines.partitions import (
    all_districts_of_the_year,
    district_year,
    districts_of,
    place,
    survey_year,
)
from pipelines.resources import FactsParam

GROUP = "index"
TAGS = {"task": "T4"}
FACTS_OF_A_YEAR = ["data/surveys.csv", "data/designs.csv", "data/units"]
SCORING = ["data/indicator_sets", *FACTS_OF_A_YEAR, "assets/index.py"]


@dg.asset(
    partitions_def=district_year,
    **describe(
        "respondent_weights",
        GROUP,
        "One row is one respondent's weight: from the design, adjusted for non-response, raked "
        "to the district's census margins.",
        ["data/census", *FACTS_OF_A_YEAR, "assets/index.py"],
        tags=TAGS,
    ),
)
def respondent_weights(
    context: dg.AssetExecutionContext, facts: FactsParam, responses: Frames
) -> Frames:
    def weighted(key: str) -> pd.DataFrame:
        year, district = place(key)
        survey = facts.survey(year)
        margins = facts.margins(survey.census, survey.reference_date)
        own = margins[margins["district"] == district]
        table, report = weigh_respondents(responses[key], own, facts.design(survey.design))
        weights = table["weight"].to_numpy(float)
        note(
            context,
            key,
            population=float(own.loc[own["margin"] == "area", "population"].sum()),
            weights=facts.design(survey.design).weights,
            kish_design_effect=kish_design_effect(weights),
            weight_cv=float(weights.std() / weights.mean()),
        )
        if report is not None:
            note(
                context,
                key,
                raking_rounds=report.rounds,
                raking_converged=report.converged,
                weights_at_a_bound=report.trimmed_n,
                weights_within_bounds=report.weights_within_bounds,
            )
        is_sample = bool(responses[key]["is_sample"].any())
        return table.assign(survey_year=year, district=district, is_sample=is_sample)

    return for_each(context, weighted, responses)


@dg.asset(
    partitions_def=district_year,
    **describe(
        "psu_totals",
        GROUP,
        "One row is one indicator in one primary sampling unit: the weighted sums from which "
        "every estimate, score, change and error is computed; respondents are not read again.",
        [*SCORING, "data/questionnaires", "data/census"],
        tags=TAGS,
    ),
)
def psu_totals(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    responses: Frames,
    respondent_weights: Frames,
) -> Frames:
    def reduced(key: str) -> pd.DataFrame:
        year, district = place(key)
        survey = facts.survey(year)
        indicators = facts.indicator_set(survey.indicator_set).at("indicator")
        answers = responses[key]
        weights = weights_of(answers, respondent_weights[key])
        values = indicator_values(answers, indicators, facts.questionnaire(survey.questionnaire))
        design = facts.design(survey.design)
        units = sampling_units(answers, design)
        margins = facts.margins(survey.census, survey.reference_date)
        x = calibration_columns(answers, margins[margins["district"] == district], design)
        base = weights["base_weight"].to_numpy(float)
        weights = weights["weight"].to_numpy(float)
        calibration = None if x is None else Calibration(x, base)
        totals = reduce_to_psu(
            values, weights, units, list(indicators["key"]), calibration, design.lonely_psu
        )
        table = totals.to_frame().merge(
            count_respondents(units, weights), on=["district", "psu"], validate="many_to_one"
        )
        note(
            context, key, sampling_units=len(totals.units), strata=totals.units["stratum"].nunique()
        )
        is_sample = bool(answers["is_sample"].any())
        return table.assign(survey_year=year, is_sample=is_sample)

    return for_each(context, reduced, responses, respondent_weights)


def read_totals(facts: FactsParam, year: int, table: pd.DataFrame) -> PsuTotals:
    """The kept totals of a year as the core takes them, indicators in the set's order."""
    survey = facts.survey(year)
    keys = list(facts.indicator_set(survey.indicator_set).at("indicator")["key"])
    return PsuTotals.from_frame(table, keys, facts.design(survey.design).lonely_psu)


def weights_of(responses: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """The weights of a district's respondents, in their order; a failure counts, names nobody."""
    own = weights.set_index("respondent_id").reindex(responses["respondent_id"])
    missing = int(own["weight"].isna().sum())
    if missing:
        raise dg.Failure(
            f"{missing} respondents have no weight: materialise respondent_weights of the "
            "district again"
        )
    return own


def districts_that_count(year: str, totals: pd.DataFrame, given: Frames) -> list[str]:
    """Partition keys of `given` for the districts that are present in the year's totals."""
    present = {(int(year), district) for district in totals["district"]}
    return sorted(key for key in given if place(key) in present)


def _estimates(facts: FactsParam, year: int, totals: PsuTotals, is_sample: bool) -> pd.DataFrame:
    """Indicator estimates of the totals' domains as a table."""
    indicators = facts.indicator_set(facts.survey(year).indicator_set).at("indicator")
    estimates = estimate_indicators(totals, indicators["min_n"].to_numpy(float))
    return estimates.assign(survey_year=year, is_sample=is_sample)


@dg.asset(
    partitions_def=district_year,
    **describe(
        "indicator_estimates",
        GROUP,
        "One row is one indicator's estimate in one district, with its linearised standard "
        "error, 95% interval, n, effective n and design effect.",
        SCORING,
        tags=TAGS,
    ),
)
def indicator_estimates(
    context: dg.AssetExecutionContext, facts: FactsParam, psu_totals: Frames
) -> Frames:
    def estimated(key: str) -> pd.DataFrame:
        year, _ = place(key)
        kept = psu_totals[key]
        table = _estimates(facts, year, read_totals(facts, year, kept), kept["is_sample"].any())
        note(
            context,
            key,
            suppressed_indicators=int((table["flag"] != "observed").sum()),
            median_design_effect=float(table["deff"].median()),
        )
        return table

    return for_each(context, estimated, psu_totals)


@dg.asset(
    partitions_def=survey_year,
    ins={
        "psu_totals": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "indicator_estimates": dg.AssetIn(partition_mapping=all_districts_of_the_year),
    },
    **describe(
        "survey_totals",
        GROUP,
        "One row is one indicator in one primary sampling unit of the year: the totals of every "
        "district whose partition is up to date; a district that failed is absent here.",
        [*FACTS_OF_A_YEAR, "assets/index.py"],
        tags=TAGS,
    ),
)
def survey_totals(
    context: dg.AssetExecutionContext, psu_totals: Frames, indicator_estimates: Frames
) -> Frames:
    # A district counts when its estimates stand; here it is decided once for all that follows.
    years = {key: place(key)[0] for key in psu_totals if key in indicator_estimates}

    def gathered(year: str) -> pd.DataFrame:
        own = sorted(key for key, found in years.items() if found == int(year))
        present = [place(key)[1] for key in own]
        absent = [district for district in districts_of(int(year)) if district not in present]
        if not own:
            raise dg.Failure(f"no district of {year} is up to date: materialise psu_totals first")
        note(
            context,
            year,
            districts=len(present),
            absent_districts=", ".join(absent) or "none",
        )
        return pd.concat([psu_totals[key] for key in own], ignore_index=True)

    return for_each(context, gathered)


@dg.asset(
    partitions_def=survey_year,
    **describe(
        "province_estimates",
        GROUP,
        "One row is one indicator's estimate for the whole province, districts as strata; "
        "withheld when a district is absent.",
        SCORING,
        tags=TAGS,
    ),
)
def province_estimates(
    context: dg.AssetExecutionContext, facts: FactsParam, survey_totals: Frames
) -> Frames:
    def estimated(year: str) -> pd.DataFrame:
        kept = survey_totals[year]
        totals = read_totals(facts, int(year), kept).together(PROVINCE)
        table = _estimates(facts, int(year), totals, kept["is_sample"].any())
        if set(districts_of(int(year))) - set(kept["district"]):
            figures = ["estimate", "se", "ci_low", "ci_high", "n_effective", "deff"]
            table[figures] = float("nan")
            table[["df", "n"]] = pd.NA
            table["flag"] = "unit_absent"
        return table

    return for_each(context, estimated, survey_totals)


@dg.multi_asset(
    partitions_def=survey_year,
    outs={
        "district_scores": dg.AssetOut(
            **describe(
                "district_scores",
                GROUP,
                "One row is one district's (or the province's) score for one node of the index, "
                "with its exact linearised error, rank, rank interval, quartile band and the "
                "group of districts it cannot be told apart from.",
                SCORING,
                tags=TAGS,
            )
        ),
        "rank_probabilities": dg.AssetOut(
            **describe(
                "rank_probabilities",
                GROUP,
                "One row is the probability that one district holds one rank on one node of the "
                "index, from 1,000 bootstrap replicates of the sample.",
                SCORING,
                tags=TAGS,
            )
        ),
    },
)
def scores_and_ranks(
    context: dg.AssetExecutionContext, facts: FactsParam, survey_totals: Frames
) -> Iterator[dg.Output]:
    chances: Frames = {}

    def scored(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        table = survey_totals[year]
        indicator_set = facts.indicator_set(survey.indicator_set)
        samples = sample_sizes(table)
        expected = districts_of(int(year))
        totals = read_totals(facts, int(year), table)
        scores, ranks = score_districts(totals, samples, indicator_set, expected, seed=int(year))
        names = facts.units.districts_on(survey.reference_date).set_index("district")
        scores["district_name_vi"] = scores["district"].map(names["name_with_type_vi"])
        scores["district_name_en"] = scores["district"].map(names["name_en"])
        province = scores["district"] == PROVINCE
        scores.loc[province, "district_name_vi"] = "Toàn tỉnh"
        scores.loc[province, "district_name_en"] = "Whole province"
        is_sample = samples.set_index("district")["is_sample"]
        scores["is_sample"] = scores["district"].map(is_sample)
        scores["is_sample"] = scores["is_sample"].fillna(bool(is_sample.any())).astype(bool)
        chances[year] = ranks.assign(survey_year=int(year), is_sample=bool(is_sample.any()))
        total = scores[(scores["level"] == "total") & scores["rank"].notna()].sort_values("rank")
        note(
            context,
            year,
            "district_scores",
            sample_data=bool(is_sample.any()),
            absent_districts=", ".join(sorted(set(expected) - set(samples["district"]))) or "none",
            ranking=markdown_table(
                ("rank", "district", "total", "± se", "rank interval", "cannot be told apart"),
                [
                    (row.rank, row.district_name_vi, f"{row.score:.3f}", f"{row.se:.3f}",
                     f"{row.rank_low}-{row.rank_high}", row.tie_group)
                    for row in total.itertuples(index=False)
                ],
            ),
        )  # fmt: skip
        surest = ranks[ranks["level"] == "total"].sort_values("probability").groupby("district")
        note(
            context,
            year,
            "rank_probabilities",
            sample_data=bool(is_sample.any()),
            most_probable_rank=markdown_table(
                ("district", "rank", "probability"),
                [
                    (row.district, row.rank, f"{row.probability:.0%}")
                    for row in surest.tail(1).sort_values("rank").itertuples(index=False)
                ],
            ),
        )
        return scores.assign(survey_year=int(year), edition=pd.NA)  # labelled when published

    kept = for_each(context, scored, survey_totals)
    yield dg.Output(kept, output_name="district_scores")
    yield dg.Output(chances, output_name="rank_probabilities")
