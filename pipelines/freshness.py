"""What is still true: a fingerprint of all that a partition is made from, against the one kept.
Not here: storing (stores.py), or deciding what to run (refresh.py)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

import dagster as dg

from pipelines.partitions import YEAR, dimensions
from pipelines.stores import Lake, Manifest, Store

ABSENT = "absent"
Seen = dict[tuple[str, str | None], str]


class Verdicts:
    """What the blocking checks said of a kept partition, beside its manifest.

    Dagster's blocking holds inside one run; this holds between runs: what depends on an asset
    with blocking rules trusts a partition only once those rules, as they stand now, passed it.
    `guarded`: asset -> version of its blocking rules.
    """

    def __init__(self, lake: Lake, guarded: Mapping[str, str]):
        self.lake = lake
        self.guarded = guarded

    def record(self, asset: str, place: Mapping[str, str], passed: bool) -> None:
        """Note what the rules found in what is kept now."""
        kept = self.lake.read_manifest(asset, place)
        if kept is not None:
            verdict = {"rules": self.guarded[asset], "of": kept.artefacts, "passed": passed}
            self.lake.write_note(asset, place, "verdict.json", verdict)

    def stands(
        self, asset: str, place: Mapping[str, str], kept: Manifest, by_any_rules: bool = False
    ) -> bool:
        """Whether nothing forbids to rely on what is kept: it passed the rules as they are now,
        or, `by_any_rules`, as they were when it was made."""
        if asset not in self.guarded:
            return True
        verdict = self.lake.read_note(asset, place, "verdict.json")
        if by_any_rules and isinstance(verdict, dict):
            verdict = verdict | {"rules": self.guarded[asset]}
        return verdict == {"rules": self.guarded[asset], "of": kept.artefacts, "passed": True}


class Freshness:
    """Fingerprints of partitions from the asset graph, the stores, and the workbooks as received.

    `graph`: Dagster's asset graph, given once the definitions are put together; `stores`:
    asset name -> its store; `sources`: asset name -> function giving {file: sha256} of what
    lies outside the graph for one partition; `closed`: whether a partition belongs to a year
    that was published. Such a partition is true as long as it is kept, whatever has changed
    since: other years go on being told against what was published. `reopened` judges the years
    named by the same rule as all others.
    """

    def __init__(
        self,
        lake: Lake,
        stores: Mapping[str, Store],
        sources: Mapping[str, Callable[[Mapping[str, str]], dict[str, str]]],
        verdicts: Verdicts,
        closed: Callable[[str, Mapping[str, str]], bool] = lambda asset, place: False,
    ):
        self.closed = closed
        self.graph: Any = None
        self.lake = lake
        self.stores = stores
        self.sources = sources
        self.verdicts = verdicts
        self._parents: dict[tuple[str, str | None], list[tuple[str, str | None]]] = {}

    def reopened(self, years: Iterable[int]) -> Freshness:
        """The same with these years closed no longer: what is made anew for a reason goes by it.
        Years that are not named stay as published, and others are told against them."""
        open_again = {str(year) for year in years}
        judged = copy(self)
        judged.closed = lambda asset, place: (
            place.get(YEAR) not in open_again and self.closed(asset, place)
        )
        return judged

    def place(self, asset: str, partition: str | None) -> dict[str, str]:
        """Dimensions of a partition of `asset`."""
        return dimensions(self.graph.get(dg.AssetKey(asset)).partitions_def, partition)

    def parents(self, asset: str, partition: str | None) -> list[tuple[str, str | None]]:
        """Parent partitions that this partition is made from, in a fixed order."""
        if (asset, partition) not in self._parents:
            found = self.graph.get_parents_partitions(dg.AssetKey(asset), partition)
            parents = [
                (parent.asset_key.path[-1], parent.partition_key and str(parent.partition_key))
                for parent in found.parent_partitions
                if parent.asset_key.path[-1] in self.stores  # what others made is no partition
            ]
            self._parents[asset, partition] = sorted(parents, key=lambda p: (p[0], str(p[1])))
        return self._parents[asset, partition]

    def judge(self, asset: str, partition: str | None, passed: bool) -> None:
        """Take down what the blocking checks of an asset said of a partition."""
        self.verdicts.record(asset, self.place(asset, partition), passed)

    def expected(
        self,
        asset: str,
        partition: str | None,
        seen: Seen | None = None,
        read: Mapping[str, str] | None = None,
    ) -> Manifest:
        """The manifest the partition would have if it were made now (no artefacts yet).

        A parent that is not itself true counts as absent: what is made without it is made
        again when it returns. `seen` keeps what was found out about parents between calls;
        share one only while nothing is being made. `read`: the outside files as they were when
        they were read, where they were; by default as they are now.
        """
        seen = {} if seen is None else seen
        parents = {
            f"{parent}/{key or ''}": self._made(parent, key, seen)
            for parent, key in self.parents(asset, partition)
        }
        place = self.place(asset, partition)
        sources = dict(read or {})
        if read is None and asset in self.sources:
            sources = self.sources[asset](place)
        version = str(self.graph.get(dg.AssetKey(asset)).code_version)
        content = json.dumps([asset, place, version, parents, sources], sort_keys=True)
        return Manifest(
            fingerprint=hashlib.sha256(content.encode()).hexdigest(),
            code_version=version,
            parents=parents,
            sources=sources,
        )

    def is_true(
        self,
        asset: str,
        partition: str | None,
        seen: Seen | None = None,
        judged: bool = True,
    ) -> bool:
        """Whether what is kept was made from what is there now, is still there, and, unless it
        is asked for by the checks themselves (`judged` False), has passed its blocking checks."""
        seen = {} if seen is None else seen
        if judged:
            return self._made(asset, partition, seen) != ABSENT
        return self._unjudged(asset, partition, seen) is not None

    def _made(self, asset: str, partition: str | None, seen: Seen) -> str:
        """Fingerprint of a partition that is true, else ABSENT."""
        if (asset, partition) not in seen:
            kept = self._unjudged(asset, partition, seen)
            place = self.place(asset, partition)
            stands = kept is not None and self.verdicts.stands(
                asset, place, kept, by_any_rules=self.closed(asset, place)
            )
            seen[asset, partition] = kept.fingerprint if kept and stands else ABSENT
        return seen[asset, partition]

    def _unjudged(self, asset: str, partition: str | None, seen: Seen) -> Manifest | None:
        """The manifest of what is kept, where it is what would be made now."""
        place = self.place(asset, partition)
        kept = self.lake.read_manifest(asset, place)
        is_kept = (
            kept is not None
            and (
                self.closed(asset, place)
                or kept.fingerprint == self.expected(asset, partition, seen).fingerprint
            )
            and self.stores[asset].holds(asset, place, kept.artefacts)
        )
        return kept if is_kept else None
