"""Jobs: the stages of the flow in the order they are refreshed, and the refresh of one whole year.
Not here: which partitions are stale (refresh.py), or when a job is started (schedules.py)."""

from dataclasses import dataclass
from typing import Literal

import dagster as dg

from pipelines.partitions import YEAR, survey_year

Grain = Literal["none", "papi_year", "survey_year", "district_year"]


@dataclass(frozen=True)
class Stage:
    """Assets that share one partitioning and are always refreshed together, as one job."""

    name: str
    grain: Grain
    assets: tuple[str, ...]
    says: str
    requires: tuple[str, ...] = ()
    """Assets of earlier stages without which a partition is not even tried."""
    phase: int = 1
    """Stages of one phase, and partitions of one stage, do not need one another and may be made at
    the same time: what looks back to other years is of a later phase than what it looks at."""

    def job(self):
        return dg.define_asset_job(
            self.name,
            selection=dg.AssetSelection.assets(*self.assets),
            description=self.says,
            executor_def=dg.in_process_executor,
        )


STAGES = (
    Stage(
        "reference_tables",
        "none",
        ("decision_items", "administrative_units", "indicators", "survey_sets",
         "published_reference"),
        "The Decision, units and indicator sets, into the warehouse.",
    ),
    Stage(
        "papi_figures",
        "papi_year",
        ("papi_scores",),
        "Published PAPI of one year, as published.",
    ),
    Stage(
        "district_year",
        "district_year",
        ("raw_responses", "delivered_files", "delivered_columns", "raw_back_checks", "responses",
         "rejected_responses", "missing_answers", "corrected_responses", "applied_corrections",
         "fieldwork", "fieldwork_findings", "interviewers", "return_workbook", "respondent_weights",
         "psu_totals", "indicator_estimates"),
        "One district's survey of one year, from files as received to indicator estimates.",
    ),
    Stage(
        "papi_year",
        "papi_year",
        ("papi_diagnosis", "papi_report", "published_papi"),
        "Published PAPI of one year beside the years before: diagnosis, product P1.",
        requires=("papi_scores",),
        phase=2,
    ),
    Stage(
        "survey_year",
        "survey_year",
        ("survey_totals", "province_estimates", "district_scores", "rank_probabilities",
         "group_totals", "form_rules", "published_fieldwork", "indicator_questions"),
        "One survey year over its districts: sums and scores.",
        phase=2,
    ),
    # Apart from the sums, which it needs of all years before: ranges of years run side by side.
    Stage(
        "change_year",
        "survey_year",
        ("district_changes", "set_comparisons", "provenance", "source_files",
         "published_lineage"),
        "One survey year beside the years before: changes, what can be compared, and where the "
        "year's figures come from.",
        requires=("district_scores",),
        phase=3,
    ),
    Stage(
        "analysis_year",
        "survey_year",
        ("district_trends", "small_area_scores", "robustness", "ranking_choices",
         "ranking_alternatives", "priorities", "published_analysis"),
        "How sure the year's ranking is, its trends, and where to act first, into the warehouse.",
        requires=("district_scores", "district_changes"),
        phase=4,
    ),
    Stage(
        "annual_reports",
        "survey_year",
        ("annual_report",),
        "Product P7 of one survey year.",
        requires=("district_scores", "district_changes", "province_estimates"),
        phase=4,
    ),
    Stage(
        "district_profiles",
        "district_year",
        ("district_profile",),
        "The profile of one district in one survey year.",
        requires=("indicator_estimates", "district_scores", "district_changes"),
        phase=4,
    ),
    # Last: the label of the edition is decided from all that an edition would hold.
    Stage(
        "published_year",
        "survey_year",
        ("published_survey",),
        "Scores and changes of one year under the label of their edition, into the warehouse.",
        requires=("district_scores", "district_changes", "province_estimates"),
        phase=5,
    ),
)  # fmt: skip

asset_jobs = [stage.job() for stage in STAGES]


@dg.op
def refresh_one_year(context: dg.OpExecutionContext) -> None:
    """Every stale partition of one survey year, stage by stage, each as a run of its own."""
    from pipelines.closing import REASON
    from pipelines.refresh import refresh

    year = int(context.partition_key)
    outcome = refresh(
        years=[year],
        instance=context.instance,
        say=context.log.info,
        reason=context.run.tags.get(REASON, ""),
    )
    if outcome.failures:
        raise dg.Failure("; ".join(str(failure) for failure in outcome.failures))


@dg.job(
    partitions_def=survey_year,
    description="Refresh one survey year: all its districts, then the year's tables and reports.",
    tags={"grain": YEAR},
)
def refresh_year() -> None:
    refresh_one_year()
