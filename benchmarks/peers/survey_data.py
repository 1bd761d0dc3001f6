"""Makes the seeded survey that every tool gets, as plain binary columns, and loads it again.
Not here: how a tool wants its data (each peer's own file), or what is measured (harness.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 3051
DISTRICTS = 14
PSUS_PER_THOUSAND = 8
LEVEL_COUNTS = (4,) * 20 + (5,) * 20 + (2,) * 20  # answers 1-4, answers 1-5, no or yes
LEVELS = max(LEVEL_COUNTS)
ITEMS = len(LEVEL_COUNTS)
NON_RESPONSE = 0.05
SUBDIMENSIONS = (3, 3, 3, 3, 2, 2, 2, 2)  # of each dimension; three items to a sub-dimension
PSU_SHARE = 0.08  # of an answer's variance that lies between sampling units
SCORES = ITEMS + sum(SUBDIMENSIONS) + len(SUBDIMENSIONS) + 1


@dataclass(frozen=True)
class Data:
    """One survey in memory. A code is the level's number from 0, or -1 where nobody answered."""

    codes: np.ndarray  # (n, ITEMS) int8, Fortran order
    levels: np.ndarray  # (ITEMS, LEVELS) the value of each level, NaN beyond the last
    weights: np.ndarray  # (n,)
    psu: np.ndarray  # (n,) 0..C-1; a district's numbers are neighbours
    stratum: np.ndarray  # (n,) equal to the district
    district: np.ndarray  # (n,) 0..13
    tree: np.ndarray  # (SCORES, ITEMS): scores = tree @ means + offset
    offset: np.ndarray  # (SCORES,) the rows: items, sub-dimensions, dimensions, total


def list_level_values() -> np.ndarray:
    """(ITEMS, LEVELS): 1, 2, ... for the scales, 0 and 1 for no and yes."""
    values = np.full((ITEMS, LEVELS), np.nan)
    for item, count in enumerate(LEVEL_COUNTS):
        values[item, :count] = np.arange(count) + (count > 2)
    return values


def build_composite(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The linear index: with m sub-dimensions each runs 1/m to 10/m; above it, plain sums."""
    low, high = np.nanmin(levels, axis=1), np.nanmax(levels, axis=1)
    tree, offset = np.zeros((SCORES, ITEMS)), np.zeros(SCORES)
    tree[:ITEMS] = np.eye(ITEMS)
    row, dimension = ITEMS, ITEMS + sum(SUBDIMENSIONS)
    for count in SUBDIMENSIONS:
        for _ in range(count):
            items = slice(3 * (row - ITEMS), 3 * (row - ITEMS) + 3)
            slope = 9 / count / 3 / (high[items] - low[items])
            tree[row, items] = slope
            offset[row] = 1 / count - slope @ low[items]
            for above in (dimension, SCORES - 1):
                tree[above] += tree[row]
                offset[above] += offset[row]
            row += 1
        dimension += 1
    return tree, offset


def generate(rows: int, folder: Path) -> None:
    """Write one survey of `rows` respondents, in shuffled order, into a new folder."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng([SEED, rows])
    psus = max(2 * DISTRICTS, rows * PSUS_PER_THOUSAND // 1000)
    district_of_psu = np.arange(psus) * DISTRICTS // psus
    psu = generator.integers(0, psus, rows, dtype=np.int32)
    district = district_of_psu[psu].astype(np.int32)
    psu.tofile(folder / "psu.i4")
    district.tofile(folder / "district.i4")
    district.tofile(folder / "stratum.i4")
    generator.lognormal(3.0, 0.5, rows).tofile(folder / "weights.f8")
    levels = list_level_values()
    levels.tofile(folder / "levels.f8")
    tree, offset = build_composite(levels)
    tree.tofile(folder / "tree.f8")
    offset.tofile(folder / "offset.f8")
    with (folder / "codes.i1").open("wb") as file:
        for count in LEVEL_COUNTS:
            between = generator.normal(0, 0.2, DISTRICTS)[district_of_psu]
            between = between + generator.normal(0, PSU_SHARE**0.5, psus)
            latent = generator.standard_normal(rows, dtype=np.float32)
            latent = latent * np.float32((1 - PSU_SHARE) ** 0.5)
            latent += between.astype(np.float32)[psu]
            codes = np.zeros(rows, dtype=np.int8)
            for cut in np.sort(generator.normal(0, 0.8, count - 1)):
                codes += latent > cut
            codes[generator.random(rows, dtype=np.float32) < NON_RESPONSE] = -1
            codes.tofile(file)


def load(folder: Path) -> Data:
    codes = np.fromfile(folder / "codes.i1", np.int8)

    def read_column(name: str) -> np.ndarray:
        return np.fromfile(folder / f"{name}.i4", np.int32).astype(np.int64)

    return Data(
        codes=codes.reshape((-1, ITEMS), order="F"),
        levels=np.fromfile(folder / "levels.f8").reshape(ITEMS, LEVELS),
        weights=np.fromfile(folder / "weights.f8"),
        psu=read_column("psu"),
        stratum=read_column("stratum"),
        district=read_column("district"),
        tree=np.fromfile(folder / "tree.f8").reshape(SCORES, ITEMS),
        offset=np.fromfile(folder / "offset.f8"),
    )


def value_answers(data: Data, item: int) -> np.ndarray:
    """One item as values, NaN where missing: what the peers take."""
    return np.append(data.levels[item], np.nan)[data.codes[:, item]]
