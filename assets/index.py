"""Index: weights, sampling-unit totals, indicator estimates, scores of districts and province.
Not here: any formula (dgi.survey.weights, dgi.index), or change between years (change.py)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from dgi.index.estimation import (
    PsuTotals,
    count_respondents,
    estimate_indicators,
    reduce_to_psu,
    sample_sizes,
)
from dgi.index.indicators import indicator_values
from dgi.index.scores import PROVINCE, score_districts
from dgi.survey.weights import weigh_district
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
FACTS_OF_A_YEAR = ["data/surveys.csv", "data/units"]
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
        table, report = weigh_district(responses[key], own)
        note(
            context,
            key,
            population=float(own.loc[own["margin"] == "area", "population"].sum()),
            raking_rounds=report.rounds,
            raking_converged=report.converged,
            weights_trimmed=report.trimmed_n,
            kish_design_effect=report.kish_design_effect,
            weight_cv=report.weight_cv,
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
        [
            *SCORING,
            "data/questionnaires",
        ],
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
        weights = respondent_weights[key].set_index("respondent_id")["weight"]
        weights = weights.loc[answers["respondent_id"]].to_numpy(float)
        values = indicator_values(answers, indicators, facts.questionnaire(survey.questionnaire))
        # Labels are a field team's: made unique over districts, and a sampling unit known by
        # its commune, so that it is the same unit after its district has merged.
        design = answers[["district", "commune_code"]].assign(
            stratum=district + ": " + answers["stratum"],
            psu=answers["commune_code"] + "/" + answers["psu"],
        )
        totals = reduce_to_psu(values, weights, design, list(indicators["key"]))
        table = totals.to_frame().merge(
            count_respondents(design, weights), on=["district", "psu"], validate="many_to_one"
        )
        note(context, key, sampling_units=len(totals.psu), strata=totals.psu["stratum"].nunique())
        is_sample = bool(answers["is_sample"].any())
        return table.assign(survey_year=year, is_sample=is_sample)

    return for_each(context, reduced, responses, respondent_weights)


def _estimates(facts: FactsParam, year: int, district: str, table: pd.DataFrame) -> pd.DataFrame:
    """Indicator estimates of one domain as a table."""
    survey = facts.survey(year)
    indicators = facts.indicator_set(survey.indicator_set).at("indicator")
    totals = PsuTotals.from_frame(table, list(indicators["key"]))
    estimates = estimate_indicators(totals, indicators["min_n"].to_numpy(float), survey.lonely_psu)
    is_sample = bool(table["is_sample"].any())
    return estimates.assign(survey_year=year, district=district, is_sample=is_sample)


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
        table = _estimates(facts, *place(key), psu_totals[key])
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
        totals = survey_totals[year]
        table = _estimates(facts, int(year), PROVINCE, totals)
        if set(districts_of(int(year))) - set(totals["district"]):
            figures = ["estimate", "se", "ci_low", "ci_high", "n_effective", "deff"]
            table[figures] = float("nan")
            table["flag"] = "unit_absent"
        return table

    return for_each(context, estimated, survey_totals)


@dg.asset(
    partitions_def=survey_year,
    **describe(
        "district_scores",
        GROUP,
        "One row is one district's (or the province's) score for one node of the index, with its "
        "exact linearised error, rank, rank interval and quartile band.",
        SCORING,
        tags=TAGS,
    ),
)
def district_scores(
    context: dg.AssetExecutionContext, facts: FactsParam, survey_totals: Frames
) -> Frames:
    def scored(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        table = survey_totals[year]
        indicator_set = facts.indicator_set(survey.indicator_set)
        totals = PsuTotals.from_frame(table, list(indicator_set.at("indicator")["key"]))
        samples = sample_sizes(table)
        expected = districts_of(int(year))
        scores = score_districts(
            totals, samples, indicator_set, expected, survey.lonely_psu, seed=int(year)
        )
        names = facts.units.districts_on(survey.reference_date).set_index("district")
        scores["district_name_vi"] = scores["district"].map(names["name_with_type_vi"])
        scores["district_name_en"] = scores["district"].map(names["name_en"])
        province = scores["district"] == PROVINCE
        scores.loc[province, "district_name_vi"] = "Toàn tỉnh"
        scores.loc[province, "district_name_en"] = "Whole province"
        is_sample = samples.set_index("district")["is_sample"]
        scores["is_sample"] = scores["district"].map(is_sample)
        scores["is_sample"] = scores["is_sample"].fillna(bool(is_sample.any())).astype(bool)
        total = scores[scores["level"] == "total"].sort_values("rank")
        note(
            context,
            year,
            sample_data=bool(is_sample.any()),
            absent_districts=", ".join(sorted(set(expected) - set(samples["district"]))) or "none",
            ranking=dg.MetadataValue.md(
                "| rank | district | total | ± se | rank interval |\n|---|---|---|---|---|\n"
                + "\n".join(
                    f"| {row.rank} | {row.district_name_vi} | {row.score:.3f} | {row.se:.3f} | "
                    f"{row.rank_low}-{row.rank_high} |"
                    for row in total[total["rank"].notna()].itertuples(index=False)
                )
            ),
        )
        return scores.assign(survey_year=int(year), edition=f"{year}.1")

    return for_each(context, scored, survey_totals)
