"""What kept partitions were made from, all the way down to the files as received.
Not here: whether they are still true (freshness.py), or the arithmetic of a score (lineage.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.freshness import ABSENT, Freshness
from pipelines.partitions import DISTRICT, YEAR
from pipelines.resources import Made, ReceivedFile
from pipelines.stores import Manifest
from pipelines.vault import TRACE


class ChangedMeanwhileError(RuntimeError):
    """A partition was made anew while what it went into was being traced."""


class Ancestry:
    """The manifests of the lake, read from a partition down to what it was made from."""

    def __init__(self, freshness: Freshness):
        self.freshness = freshness

    def trace(
        self, roots: Iterable[tuple[str, str | None]]
    ) -> tuple[list[Made], list[ReceivedFile]]:
        """Every partition that `roots` (asset, partition) rest on, themselves first, and every
        file, each once, in a fixed order. Raises ChangedMeanwhileError."""
        found: dict[tuple[str, str | None], Manifest] = {}
        queue: list[tuple[str, str | None, str | None]]
        queue = [(asset, partition, None) for asset, partition in roots]
        while queue:
            asset, partition, wanted = queue.pop()
            kept = found.get((asset, partition)) or self._manifest(asset, partition)
            if wanted not in (None, kept.fingerprint):
                raise ChangedMeanwhileError(
                    f"{asset} {partition or ''} was made anew: refresh again"
                )
            if (asset, partition) in found:
                continue
            found[asset, partition] = kept
            for parent, fingerprint in kept.parents.items():
                name, _, key = parent.partition("/")
                if fingerprint != ABSENT:
                    queue.append((name, key or None, fingerprint))
        places = {one: self.freshness.place(*one) for one in found}
        made = [
            Made(asset, *_when_and_where(places[asset, key]), kept.fingerprint,
                 kept.code_version, kept.rows)
            for (asset, key), kept in found.items()
        ]  # fmt: skip
        files = {
            ReceivedFile(*_when_and_where(places[one]), file, digest)
            for one, kept in found.items()
            for file, digest in kept.sources.items()
            if file != TRACE
        }
        return sorted(made, key=str), sorted(files, key=str)

    def _manifest(self, asset: str, partition: str | None) -> Manifest:
        kept = self.freshness.lake.read_manifest(asset, self.freshness.place(asset, partition))
        if kept is None:
            raise ChangedMeanwhileError(
                f"{asset} {partition or ''} is no longer kept: refresh again"
            )
        return kept


def _when_and_where(place: Mapping[str, str]) -> tuple[int | None, str]:
    return int(place[YEAR]) if YEAR in place else None, place.get(DISTRICT, "")
