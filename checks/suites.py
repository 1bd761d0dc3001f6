"""How a suite of rules kept as data becomes Dagster asset checks, evaluated by Great Expectations.
Not here: the rules (data/checks), or the views of a table they look at (one file a stage)."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import dagster as dg
import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from dgi.errors import FactError, Fault
from pipelines.partitions import FACTS
from pipelines.versions import code_version

PARTITION = "partition"
Views = dict[str, pd.DataFrame]
# Counts only: SUMMARY with no partial lists never carries a respondent's value.
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


class Expected(BaseModel):
    """One Great Expectations expectation: its class and arguments, the threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expectation: str
    arguments: dict[str, Any]


class Rule(BaseModel):
    """One truth a table must satisfy, as written in data/checks: all of `expect` must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    asset: str
    view: str
    severity: Literal["error", "warn"]
    blocking: bool = False
    expect: tuple[Expected, ...]
    rule_vi: str
    rule_en: str
    next_vi: str
    next_en: str


@dataclass(frozen=True)
class Verdict:
    """What a rule found in one partition. Counts only, never a value."""

    passed: bool
    rows: int
    failing: int
    error: str = ""


def load_rules(stage: str) -> list[Rule]:
    """Rules of one stage. Raises FactError naming the file and the rule at fault."""
    where = f"checks/{stage}.yaml"
    try:
        return TypeAdapter(list[Rule]).validate_python(FACTS.yaml(where))
    except ValidationError as error:
        raise FactError(
            Fault(f"data/{where}", problem["msg"], "Correct the rule; data/checks/README.md says "
                  "what each part means.", column=".".join(map(str, problem["loc"])))
            for problem in error.errors()
        ) from None  # fmt: skip


@lru_cache
def _batch_definition() -> Any:
    """Great Expectations' pandas door, opened once a process and only when a check runs."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("view")
    return asset.add_batch_definition_whole_dataframe("whole")


def validate(rules: Sequence[Rule], frame: pd.DataFrame) -> list[Verdict]:
    """Verdict of each rule over one frame, in the order of `rules`, in one GX validation."""
    import great_expectations as gx

    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    suite = gx.ExpectationSuite(
        name="view",
        expectations=[
            getattr(gx.expectations, part.expectation)(**part.arguments, meta={"rule": number})
            for number, rule in enumerate(rules)
            for part in rule.expect
        ],
    )
    report = batch.validate(suite, result_format=RESULT_FORMAT)
    verdicts = [Verdict(True, len(frame), 0) for _ in rules]
    for result in report.results:
        number = result.expectation_config.meta["rule"]
        before, failing = verdicts[number], int(result.result.get("unexpected_count") or 0)
        verdicts[number] = Verdict(
            passed=before.passed and bool(result.success),
            rows=len(frame),
            failing=max(before.failing, failing),
            error=before.error or _raised(result.exception_info),
        )
    return verdicts


def _raised(info: dict[str, Any]) -> str:
    """Words for an expectation that raised instead of judging; '' when none did."""
    nested = [part for part in info.values() if isinstance(part, dict)]
    if any(part.get("raised_exception") for part in (info, *nested)):
        return "The expectation itself raised; see the step's log."
    return ""


def judge(rules: Sequence[Rule], views: Views, partitions: Sequence[str]) -> dict:
    """Verdict of every rule in every partition: {(rule name, partition): Verdict}.

    Each view is validated once over all partitions together, and then partition by partition
    with those rules alone that failed (Great Expectations costs per expectation, not per row).
    """
    found: dict[tuple[str, str], Verdict] = {}
    for view in sorted({rule.view for rule in rules}):
        own = [rule for rule in rules if rule.view == view]
        frame = views[view].reset_index(drop=True)
        parts = dict(iter(frame.groupby(PARTITION, sort=False)))
        failed = []
        for rule, verdict in zip(own, validate(own, frame), strict=True):
            if not verdict.passed and len(partitions) > 1:
                failed.append(rule)
                continue
            for partition in partitions:
                rows = len(parts.get(partition, ()))
                found[rule.name, partition] = replace(verdict, rows=rows)
        for partition in partitions if failed else []:
            part = parts.get(partition)
            verdicts = (
                [Verdict(True, 0, 0)] * len(failed)
                if part is None
                else validate(failed, part.reset_index(drop=True))
            )
            for rule, verdict in zip(failed, verdicts, strict=True):
                found[rule.name, partition] = verdict
    return found


def guarded_assets(stages: Sequence[str]) -> dict[str, str]:
    """Assets that have blocking rules, each with the version of its rules and their views."""
    return {
        rule.asset: code_version(
            f"data/checks/{stage}.yaml", f"checks/{stage}.py", "checks/suites.py"
        )
        for stage in stages
        for rule in load_rules(stage)
        if rule.blocking
    }


def suite_checks(
    stage: str,
    asset: str,
    partitions_def: dg.PartitionsDefinition | None,
    make_views: Callable[..., Views],
    beside: Sequence[str] = (),
) -> dg.AssetChecksDefinition:
    """Asset checks of one asset: every rule of its stage that names it.

    `make_views(context, **tables)` gives the frames the rules look at, each with a column
    'partition', from the asset's own value and those of the assets named in `beside`.
    """
    rules = [rule for rule in load_rules(stage) if rule.asset == asset]
    by_name = {rule.name: rule for rule in rules}
    blocking = {rule.name for rule in rules if rule.blocking}
    specs = [
        dg.AssetCheckSpec(
            name=rule.name,
            asset=asset,
            description=f"{rule.rule_en} / {rule.rule_vi}",
            blocking=rule.blocking,
            partitions_def=partitions_def,
            additional_deps=list(beside),
        )
        for rule in rules
    ]

    @dg.multi_asset_check(
        name=f"{asset}_checks",
        specs=specs,
        ins={name: dg.AssetIn(name) for name in (asset, *beside)},
        can_subset=True,
        op_tags={"dgi/judges": "yes"},  # it may read what no check has passed yet
        required_resource_keys={"facts", "freshness"},
    )
    def check(context: dg.AssetCheckExecutionContext, **given: Any) -> Iterator[Any]:
        chosen = [by_name[key.name] for key in sorted(context.selected_asset_check_keys)]
        partitions = [str(key) for key in context.partition_keys] if partitions_def else [""]
        verdicts = judge(chosen, make_views(context, **given), partitions)
        if blocking <= {rule.name for rule in chosen}:
            for partition in partitions if blocking else []:
                passed = all(
                    verdicts[name, partition].passed and not verdicts[name, partition].error
                    for name in blocking
                )
                context.resources.freshness.judge(asset, partition or None, passed)
        for rule in chosen:
            if partitions_def is None:
                yield _result(rule, verdicts[rule.name, ""])
                continue
            for partition in partitions:
                # One evaluation a partition: a range run would otherwise lose the partition.
                result = _result(rule, verdicts[rule.name, partition])
                yield dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(asset),
                    check_name=rule.name,
                    passed=result.passed,
                    severity=result.severity,
                    metadata=result.metadata,
                    description=result.description,
                    partition=partition,
                    blocking=rule.blocking,
                )
            yield dg.Output(None, output_name=f"{asset}_{rule.name}")

    return check


def _result(rule: Rule, verdict: Verdict) -> dg.AssetCheckResult:
    """A verdict with what a person asks next: the rule, how many, the threshold, what to do."""
    share = verdict.failing / verdict.rows if verdict.rows else 0.0
    return dg.AssetCheckResult(
        asset_key=rule.asset,
        check_name=rule.name,
        passed=verdict.passed and not verdict.error,
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error"
        else dg.AssetCheckSeverity.WARN,
        description="" if verdict.passed else f"{rule.rule_en} {verdict.error}".strip(),
        metadata={
            "rule": f"{rule.rule_vi} / {rule.rule_en}",
            "rows_checked": verdict.rows,
            "failing_rows": verdict.failing,
            "failing_share": share,
            "threshold": dg.MetadataValue.json([part.model_dump() for part in rule.expect]),
            "what_to_do": f"{rule.next_vi} / {rule.next_en}",
        },
    )  # fmt: skip
