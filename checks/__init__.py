"""What must be true of what the pipeline makes: views and asset checks, one file per stage.
Not here: the rules (data/checks). Great Expectations is imported only when a check runs."""

from __future__ import annotations

import dagster as dg

STAGES = (
    "reference", "causes", "ingestion", "quality", "fieldwork", "index", "change", "ranking",
    "reports", "warehouse", "lineage",
)  # fmt: skip


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Asset checks of every stage."""
    from checks import (
        causes,
        change,
        fieldwork,
        index,
        ingestion,
        lineage,
        quality,
        ranking,
        reference,
        reports,
        warehouse,
    )

    stages = (
        reference,
        causes,
        ingestion,
        quality,
        fieldwork,
        index,
        change,
        ranking,
        reports,
        warehouse,
        lineage,
    )
    return [check for stage in stages for check in stage.CHECKS]
