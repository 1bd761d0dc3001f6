"""Estimates and their design-based errors: linearisation over sampling units (method §4, §6).
Not here: what an answer is worth (indicators.py), or how indicators add up (scores.py)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

LonelyPsu = Literal["fail", "certainty", "adjust", "average"]
CONFIDENCE = 0.95


class LonelyPsuError(ValueError):
    """A stratum has one primary sampling unit and no policy was named for it."""


@dataclass(frozen=True)
class PsuTotals:
    """A survey reduced to its primary sampling units: all that estimates and errors need.

    `psu`: frame of C rows with columns psu, stratum, commune_code, district (index 0..C-1);
    `wy`, `w`, `wyy`: (C, J) sums over the PSU's respondents of weight*y, weight, weight*y^2
    where y is present; `n`: (C, J) answers counted. PSUs without an answer stay, as zeros:
    dropping them would understate the error (method §6).
    """

    psu: pd.DataFrame
    keys: tuple[str, ...]
    wy: np.ndarray
    w: np.ndarray
    wyy: np.ndarray
    n: np.ndarray

    def where(self, rows: np.ndarray) -> PsuTotals:
        """The PSUs of a domain that is a union of whole strata, such as a district."""
        return replace(
            self,
            psu=self.psu[rows].reset_index(drop=True),
            wy=self.wy[rows],
            w=self.w[rows],
            wyy=self.wyy[rows],
            n=self.n[rows],
        )

    def select(self, keys: list[str]) -> PsuTotals:
        """The same PSUs for some of the indicators, in the order of `keys`."""
        at = [self.keys.index(key) for key in keys]
        return replace(
            self,
            keys=tuple(keys),
            wy=self.wy[:, at],
            w=self.w[:, at],
            wyy=self.wyy[:, at],
            n=self.n[:, at],
        )

    def to_frame(self) -> pd.DataFrame:
        """Long: one row per PSU and indicator, in PSU order then key order."""
        size = len(self.keys)
        frame = self.psu.loc[self.psu.index.repeat(size)].reset_index(drop=True)
        frame["key"] = np.tile(np.array(self.keys, dtype=object), len(self.psu))
        for name in ("wy", "w", "wyy", "n"):
            frame[TOTAL_COLUMNS[name]] = getattr(self, name).ravel()
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, keys: list[str] | None = None) -> PsuTotals:
        """The inverse of `to_frame`; PSUs in (district, stratum, psu) order."""
        named = ["district", "stratum", "psu", "commune_code"]
        psu = frame[named].drop_duplicates().sort_values(named, ignore_index=True)
        keys = list(frame["key"].drop_duplicates()) if keys is None else keys
        tables = {
            name: frame.pivot_table(
                index=named, columns="key", values=column, aggfunc="sum", sort=True
            )[keys].to_numpy(float)
            for name, column in TOTAL_COLUMNS.items()
        }
        return cls(psu=psu, keys=tuple(keys), **tables)


TOTAL_COLUMNS = {
    "wy": "weighted_sum",
    "w": "weight_sum",
    "wyy": "weighted_square_sum",
    "n": "n",
}


def reduce_to_psu(
    values: np.ndarray, weights: np.ndarray, respondents: pd.DataFrame, keys: list[str]
) -> PsuTotals:
    """One pass over the respondents, for all indicators at once.

    `values`: (n, J), NaN where missing; `weights`: (n,), above zero or zero;
    `respondents`: n rows with psu, stratum, commune_code, district. Returns PsuTotals in
    (district, stratum, psu) order. Raises ValueError when a PSU lies in two strata.
    """
    named = ["district", "stratum", "psu", "commune_code"]
    psu = respondents[named].drop_duplicates().sort_values(named, ignore_index=True)
    if psu.duplicated(["district", "psu"]).any():
        count = int(psu.duplicated(["district", "psu"]).sum())
        raise ValueError(
            f"{count} primary sampling units lie in more than one stratum or commune: correct the "
            "columns Tang, PSU and MaXa of the district's workbook"
        )
    position = respondents[named].merge(psu.reset_index(), on=named, how="left")["index"]
    order = np.argsort(position.to_numpy(), kind="stable")
    starts = np.searchsorted(position.to_numpy()[order], np.arange(len(psu)))
    y = np.asarray(values, dtype=float)[order]
    present = ~np.isnan(y)
    y = np.where(present, y, 0.0)
    w = np.where(present, np.asarray(weights, dtype=float)[order][:, None], 0.0)

    def sums(columns: np.ndarray) -> np.ndarray:
        return np.add.reduceat(columns, starts, axis=0)

    return PsuTotals(
        psu=psu,
        keys=tuple(keys),
        wy=sums(w * y),
        w=sums(w),
        wyy=sums(w * y * y),
        n=sums(present.astype(float)),
    )


def count_respondents(respondents: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Respondents, sum of weights and of squared weights of each PSU: what sample sizes need."""
    table = respondents[["district", "psu"]].assign(w=weights, ww=np.square(weights))
    return table.groupby(["district", "psu"], as_index=False).agg(
        respondents_n=("w", "size"),
        unit_weight_sum=("w", "sum"),
        unit_weight_square_sum=("ww", "sum"),
    )


def sample_sizes(totals: pd.DataFrame) -> pd.DataFrame:
    """One row per district: n (respondents), n_effective (Kish: w^2 / ww), w (sum of weights),
    ww (sum of squared weights), is_sample.

    `totals`: long PSU totals with the columns of `count_respondents`.
    """
    units = totals.drop_duplicates(["district", "psu"]).groupby("district")
    table = units.agg(
        n=("respondents_n", "sum"),
        w=("unit_weight_sum", "sum"),
        ww=("unit_weight_square_sum", "sum"),
        is_sample=("is_sample", "any"),
    ).reset_index()
    table["n_effective"] = table["w"] ** 2 / table["ww"]
    return table[["district", "n", "n_effective", "w", "ww", "is_sample"]]


def weighted_means(totals: PsuTotals) -> np.ndarray:
    """Hájek ratio means, (J,): sum w y / sum w over those who answered; NaN where nobody did."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return totals.wy.sum(axis=0) / totals.w.sum(axis=0)


def linearised_means(totals: PsuTotals, means: np.ndarray) -> np.ndarray:
    """Linearised value of each mean, summed by PSU: (C, J).

    An indicator that nobody answered has no mean and adds nothing: its column is zero.
    """
    weight = totals.w.sum(axis=0)
    answered = weight > 0
    z = (totals.wy - np.where(answered, means, 0.0) * totals.w) / np.where(answered, weight, 1.0)
    return np.where(answered, z, 0.0)


def covariance(
    z: np.ndarray,
    stratum: np.ndarray,
    lonely_psu: LonelyPsu = "fail",
    sampling_fraction: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Covariance (K, K) of estimates from their linearised PSU totals (method §6).

    `z`: (C, K); `stratum`: (C,) labels; `sampling_fraction`: of each PSU's stratum, (C,) or one
    number, for the finite population correction. A stratum with one PSU raises LonelyPsuError
    unless a policy is named, with the meanings of R's `survey.lonely.psu`: certainty (adds
    nothing), adjust (centred at the grand mean of PSU totals), average (the mean of the other
    strata's contributions).
    """
    centred = centred_totals(z, stratum, lonely_psu, sampling_fraction)
    result = centred.T @ centred
    return result * _average_factor(stratum) if lonely_psu == "average" else result


def variances(
    z: np.ndarray,
    stratum: np.ndarray,
    lonely_psu: LonelyPsu = "fail",
    sampling_fraction: np.ndarray | float = 0.0,
) -> np.ndarray:
    """The diagonal of `covariance`, (K,), without forming the matrix."""
    centred = centred_totals(z, stratum, lonely_psu, sampling_fraction)
    result = np.einsum("ck,ck->k", centred, centred)
    return result * _average_factor(stratum) if lonely_psu == "average" else result


def centred_totals(
    z: np.ndarray,
    stratum: np.ndarray,
    lonely_psu: LonelyPsu = "fail",
    sampling_fraction: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Rows whose cross-product is the covariance: sqrt((1-f) n_h/(n_h-1)) (z_hi - zbar_h)."""
    codes, counts = _strata(stratum)
    lonely = counts == 1
    if lonely.any() and lonely_psu == "fail":
        raise LonelyPsuError(
            f"{lonely.sum()} strata have one primary sampling unit: name a policy for them in "
            "data/surveys.csv, column lonely_psu"
        )
    means = np.zeros((len(counts), z.shape[1]))
    np.add.at(means, codes, z)
    means /= counts[:, None]
    if lonely_psu == "adjust":
        means[lonely] = z.mean(axis=0)
    with np.errstate(divide="ignore"):
        scale = np.where(lonely, 1.0, counts / (counts - 1.0))
    kept = (1.0 - np.broadcast_to(sampling_fraction, len(codes))) * scale[codes]
    return (z - means[codes]) * np.sqrt(kept)[:, None]


def _strata(stratum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stratum number of each PSU and number of PSUs of each stratum."""
    _, codes, counts = np.unique(np.asarray(stratum), return_inverse=True, return_counts=True)
    return codes, counts


def _average_factor(stratum: np.ndarray) -> float:
    _, counts = _strata(stratum)
    return len(counts) / max((counts > 1).sum(), 1)


def degrees_of_freedom(stratum: np.ndarray) -> int:
    """PSUs minus strata, of the domain's own PSUs."""
    return len(stratum) - len(np.unique(np.asarray(stratum)))


def t_interval(
    estimate: np.ndarray, se: np.ndarray, df: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """95% interval by t with df degrees of freedom; NaN where df is 0."""
    quantile = stats.t.ppf(0.5 + CONFIDENCE / 2, df)
    return estimate - quantile * se, estimate + quantile * se


def estimate_indicators(
    totals: PsuTotals, min_n: np.ndarray, lonely_psu: LonelyPsu = "fail"
) -> pd.DataFrame:
    """Every indicator of one domain: key, estimate, se, ci_low, ci_high, df, n, n_effective,
    deff, flag.

    An indicator with fewer than `min_n` (J,) answers is suppressed: a flag, no figure
    (method §4). deff compares with simple random sampling with replacement of the same n (R's
    `deff="replace"`); where everyone answers alike there is no variance to compare: NaN.
    """
    means = weighted_means(totals)
    z = linearised_means(totals, means)
    stratum = totals.psu["stratum"].to_numpy()
    variance = variances(z, stratum, lonely_psu)
    n = totals.n.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = totals.wyy.sum(axis=0) / totals.w.sum(axis=0) - means**2
        simple = np.where(spread > 1e-12, spread, np.nan) * n / (n - 1) / n
        deff = variance / simple
    df = degrees_of_freedom(stratum)
    se = np.sqrt(variance)
    low, high = t_interval(means, se, df)
    table = pd.DataFrame(
        {
            "key": totals.keys,
            "estimate": means,
            "se": se,
            "ci_low": low,
            "ci_high": high,
            "df": df,
            "n": n.astype("int64"),
            "n_effective": n / deff,
            "deff": deff,
            "flag": "observed",
        }
    )
    small = (n < min_n) | np.isnan(means)
    table.loc[small, ["estimate", "se", "ci_low", "ci_high", "n_effective", "deff"]] = np.nan
    table.loc[small, "flag"] = "suppressed_small_n"
    return table


def rao_wu_multipliers(
    stratum: np.ndarray, replicates: int, generator: np.random.Generator
) -> np.ndarray:
    """Rao-Wu rescaled bootstrap: (R, C) factors on the PSUs' weights (Rao, Wu & Yue 1992).

    In each stratum n_h - 1 PSUs are drawn with replacement and counted n_h/(n_h-1) times. A
    stratum with one PSU keeps it unchanged. Strata are drawn in label order, so the result
    depends on the generator's seed and the PSUs' order only.
    """
    codes, counts = _strata(stratum)
    factors = np.ones((replicates, len(codes)))
    for number, count in enumerate(counts):
        if count > 1:
            draws = generator.multinomial(count - 1, np.full(count, 1 / count), size=replicates)
            factors[:, codes == number] = draws * (count / (count - 1))
    return factors


def replicate_means(totals: PsuTotals, factors: np.ndarray) -> np.ndarray:
    """Means under each replicate: (R, J). A replicate in which nobody answered repeats the mean."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (factors @ totals.wy) / (factors @ totals.w)
    return np.where(np.isnan(means), weighted_means(totals), means)
