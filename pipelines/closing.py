"""Closed years: what was published is made anew only for a reason that somebody gives.
Not here: what an edition holds (edition_shelf.py), or which partitions a refresh makes."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.edition_shelf import Edition, EditionShelf
from pipelines.jobs import STAGES
from pipelines.partitions import YEAR

REASON = "dgi/reason"
SURVEY_ASSETS = frozenset(
    asset for stage in STAGES if stage.grain in ("survey_year", "district_year")
    for asset in stage.assets
)  # fmt: skip


class ClosedYearError(RuntimeError):
    """A partition of a published year would have been made anew without a reason."""


class ClosedYears:
    """Which survey years were published, and so stand until a reason is given."""

    def __init__(self, shelf: EditionShelf):
        self.shelf = shelf

    def edition(self, asset: str, place: Mapping[str, str]) -> Edition | None:
        """The newest edition of the year that a partition belongs to, None where it is open.

        Published PAPI and the reference tables rest on no survey and are never closed.
        """
        if asset not in SURVEY_ASSETS or YEAR not in place:
            return None
        return self.shelf.newest(int(place[YEAR]))

    def is_closed(self, asset: str, place: Mapping[str, str]) -> bool:
        """Whether a partition belongs to a published year."""
        return self.edition(asset, place) is not None

    def refuse_unless(
        self,
        asset: str,
        key: str | None,
        place: Mapping[str, str],
        reason: str,
        digests: Mapping[str, str],
        kept: Mapping[str, str],
    ) -> None:
        """Raise ClosedYearError when a closed year's partition would change without a reason.

        `digests`: what would be written; `kept`: what is kept. Bytes that are kept already, or
        that the edition was made from, change nothing and need no reason.
        """
        edition = self.edition(asset, place)
        if edition is None or reason.strip():
            return
        published = edition.made.get(f"{asset}/{key or ''}", {}).get("artefacts")
        if digests in (kept, published):
            return
        year, label = edition.year, edition.label
        raise ClosedYearError(
            f"năm {year} đã công bố, ấn bản {label}: {asset} {key} không được làm lại nếu không "
            f'có lý do. Chạy make refresh REASON="lý do", hoặc đặt thẻ {REASON} cho lượt chạy '
            f"trong giao diện Dagster. / The year {year} is closed since edition {label}: {asset} "
            f'{key} is not made anew without a reason. Run make refresh REASON="why", or give the '
            f"run the tag {REASON} in the Dagster UI. The edition itself stays as it is; "
            f"make publish YEAR={year} then publishes the next."
        )
