"""Ranking: would other defensible choices rank alike, and what a model says of small districts.
Not here: the published scores and ranks (index.py), or any formula (dgi.index)."""

from collections.abc import Iterator

import dagster as dg
import numpy as np
import pandas as pd

from assets.declare import Frames, describe, for_each, markdown_table, note
from assets.index import FACTS_OF_A_YEAR, read_totals
from dgi.facts.comparisons import PREVIOUS
from dgi.index.estimation import weighted_means
from dgi.index.replicates import design_for_resampling, draw_bootstrap, replicate_means
from dgi.index.robustness import assess_ranking
from dgi.index.scores import PROVINCE, has_estimate
from dgi.index.small_areas import estimate_small_areas
from pipelines.partitions import survey_year, this_year_and_the_one_before
from pipelines.resources import FactsParam

GROUP = "index"
TAGS = {"task": "T4"}
MADE_BY = ["data/indicator_sets", *FACTS_OF_A_YEAR, "assets/index.py", "assets/ranking.py"]
DRAWS = 256  # of the sample, among which a run of the robustness analysis picks one


@dg.multi_asset(
    partitions_def=survey_year,
    outs={
        "robustness": dg.AssetOut(
            **describe(
                "robustness",
                GROUP,
                "One row is one district and where it would rank under other defensible weights, "
                "aggregations, goalposts, without one dimension, or with another sample.",
                MADE_BY,
                tags=TAGS,
            )
        ),
        "ranking_choices": dg.AssetOut(
            **describe(
                "ranking_choices",
                GROUP,
                "One row is one choice and how much of the shift of ranks it decides (Sobol' "
                "indices), for the province and for each district.",
                MADE_BY,
                tags=TAGS,
            )
        ),
        "ranking_alternatives": dg.AssetOut(
            **describe(
                "ranking_alternatives",
                GROUP,
                "One row is one district's rank under one other choice, all else as published.",
                MADE_BY,
                tags=TAGS,
            )
        ),
    },
)
def robustness_of_the_ranking(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    survey_totals: Frames,
    district_scores: Frames,
) -> Iterator[dg.Output]:
    choices: Frames = {}
    alternatives: Frames = {}

    def assessed(year: str) -> pd.DataFrame:
        table = survey_totals[year]
        indicator_set = facts.indicator_set(facts.survey(int(year)).indicator_set)
        totals = read_totals(facts, int(year), table)
        present = has_estimate(totals, indicator_set)
        means = np.where(present, weighted_means(totals), np.nan)
        design = design_for_resampling(totals.design, totals.domain_of_units())
        bootstrap = draw_bootstrap(design, DRAWS, np.random.default_rng(int(year)))
        drawn = replicate_means(totals, bootstrap.factors).transpose(1, 0, 2)
        scores = district_scores[year]
        published = scores[scores["level"] == "total"].set_index("district")["score"]
        found = assess_ranking(
            means,
            indicator_set,
            totals.domains,
            published.loc[list(totals.domains)].to_numpy(float),
            np.where(present, drawn, np.nan),
            seed=int(year),
        )
        is_sample = bool(table["is_sample"].any())
        shared = {"survey_year": int(year), "is_sample": is_sample}
        choices[year] = found.choices.assign(**shared)
        alternatives[year] = found.alternatives.assign(**shared)
        note(
            context,
            year,
            "robustness",
            ranks=markdown_table(
                ("district", "published rank", "5%-95% of the runs", "in its band"),
                [
                    (row.district, row.published_rank, f"{row.rank_low}-{row.rank_high}",
                     f"{row.share_in_published_band:.0%}")
                    for row in found.districts.sort_values("published_rank")
                    .dropna(subset=["published_rank"]).itertuples(index=False)
                ],
            ),
        )  # fmt: skip
        whole = found.choices[found.choices["district"] == PROVINCE]
        note(
            context,
            year,
            "ranking_choices",
            what_moves_ranks=markdown_table(
                ("choice", "first order", "total effect"),
                [
                    (row.choice, f"{row.first_order:.2f}", f"{row.total_effect:.2f}")
                    for row in whole.itertuples(index=False)
                ],
            ),
        )
        moved = found.alternatives.assign(size=found.alternatives["shift"].abs())
        most = moved.groupby(["choice", "alternative"])["size"].agg(["mean", "max"])
        note(
            context,
            year,
            "ranking_alternatives",
            shift_of_ranks=markdown_table(
                ("choice", "alternative", "mean shift", "largest"),
                [(*name, f"{row['mean']:.2f}", int(row["max"])) for name, row in most.iterrows()],
            ),
        )
        return found.districts.assign(**shared)

    kept = for_each(context, assessed, survey_totals, district_scores)
    yield dg.Output(kept, output_name="robustness")
    yield dg.Output(choices, output_name="ranking_choices")
    yield dg.Output(alternatives, output_name="ranking_alternatives")


@dg.asset(
    partitions_def=survey_year,
    ins={"survey_totals": dg.AssetIn(partition_mapping=this_year_and_the_one_before)},
    **describe(
        "small_area_scores",
        GROUP,
        "One row is one district and node: the direct score and, beside it and never in its "
        "place, a Fay-Herriot estimate that borrows strength from the other districts.",
        MADE_BY,
        tags=TAGS,
    ),
)
def small_area_scores(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    survey_totals: Frames,
    district_scores: Frames,
    district_changes: Frames,
) -> Frames:
    def modelled(year: str) -> pd.DataFrame:
        before = survey_totals.get(str(int(year) - 1))
        # The model takes a covariate's error as independent of this year's: last year's scores
        # serve only when no sampling unit was in both samples.
        is_panel = before is not None and bool(set(before["psu"]) & set(survey_totals[year]["psu"]))
        base = None
        if before is not None and not is_panel:
            changes = district_changes[year]
            # Last year's scores, and no older ones: only of those the samples were compared.
            last = (changes["comparison"] == PREVIOUS) & (changes["base_year"] == int(year) - 1)
            base = changes.loc[last, ["district", "level", "key", "base_score"]]
            base = base.rename(columns={"base_score": "score"})
        table = estimate_small_areas(district_scores[year], base)
        total = table[table["level"] == "total"]
        note(
            context,
            year,
            covariate="last year's scores" if base is not None else "none",
            nodes_where_the_model_helps=f"{table['helps'].mean():.0%}",
            totals=markdown_table(
                ("district", "direct ± se", "model ± error"),
                [
                    (row.district, f"{row.direct_score:.2f} ± {row.direct_se:.2f}",
                     f"{row.model_score:.2f} ± {row.model_se:.2f}")
                    for row in total.itertuples(index=False)
                ],
            ),
        )  # fmt: skip
        is_sample = bool(survey_totals[year]["is_sample"].any())
        return table.assign(survey_year=int(year), is_sample=is_sample)

    return for_each(context, modelled, survey_totals, district_scores, district_changes)
