"""How each interviewer's work compares with that of all others: rates, funnel, one table.
Not here: how much of an answer is the interviewer's doing (interviewer_effects.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.answering import Kind, measure_straight_lining, tally_answers
from dgi.fieldwork.measures import Measured, list_measured, not_taken, sort_interviews
from dgi.fieldwork.similarity import measure_best_match
from dgi.fieldwork.timing import durations_of, measure_night, measure_pace, measure_speed

# Anscombe's corrections, so that the arcsine of a rate of none or of all has an error too.
HIT, TRIAL = 3 / 8, 3 / 4
ROUNDING = 1e-12


def compare_with_others(
    hits: np.ndarray, trials: np.ndarray, interviewers: pd.Series
) -> pd.DataFrame:
    """Each interviewer's pooled rate against that of all other interviewers.

    `hits`, `trials`: (n,) per interview. Index interviewer, sorted; columns interviews_n,
    trials_n, rate, others_rate, z. A funnel plot's z (Spiegelhalter 2005, Statistics in Medicine
    24), with the interviewer left out of the centre, on the arcsine scale (Anscombe 1948), which
    holds where hits are few: z = (g_k - g_o) / sqrt(phi (1 / (4 M_k + 2) + 1 / (4 M_o + 2))).
    phi is how much more hits vary from interview to interview of one interviewer than trials of
    their own would, 1 at least: answers of one person go together, so one silent person is no
    bad interviewer, and few interviews do not stand out. z is 0 where all are alike, NaN where
    there are no others.
    """
    table = pd.DataFrame({"n": 1, "y": hits, "m": trials}, dtype=float)
    groups = interviewers.to_numpy()
    own = table.groupby(groups).sum()
    others = own.sum() - own
    rate = own["y"] / own["m"].where(own["m"] > 0)
    error = np.sqrt(
        _overdispersion(table, groups, own, rate)
        * (1 / (4 * own["m"] + 2) + 1 / (4 * others["m"] + 2))
    )
    z = (_arcsine(own) - _arcsine(others)) / error
    if own["y"].sum() in (0, own["m"].sum()):
        z = z * 0
    return pd.DataFrame(
        {
            "interviews_n": own["n"].astype("int64"),
            "trials_n": own["m"].astype("int64"),
            "rate": rate,
            "others_rate": others["y"] / others["m"].where(others["m"] > 0),
            "z": z.where((own["m"] > 0) & (others["m"] > 0)),
        }
    ).rename_axis("interviewer")


def _arcsine(sums: pd.DataFrame) -> pd.Series:
    return np.arcsin(np.sqrt((sums["y"] + HIT) / (sums["m"] + TRIAL)))


def _overdispersion(
    table: pd.DataFrame, groups: np.ndarray, own: pd.DataFrame, rate: pd.Series
) -> float:
    """Squares of hits about their interviewer's rate over those of independent trials."""
    rates = rate.fillna(0.0)
    rest = table["y"] - rates.reindex(groups).to_numpy() * table["m"]
    expected = (rates * (1 - rates) * own["m"] * (own["n"] - 1) / own["n"]).sum()
    return max(1.0, float((rest**2).sum() / expected)) if expected > 0 else 1.0


def _compare_means(values: pd.Series, interviewers: pd.Series) -> pd.Series:
    """z of each interviewer's mean against the others', by the variance within interviewers."""
    own = values.groupby(interviewers).agg(["size", "sum", "mean"])
    n, others_n = own["size"], own["size"].sum() - own["size"]
    rest = values - own["mean"].reindex(interviewers).to_numpy()
    squares, free = (rest**2).sum(), len(values) - len(own)
    # Squares this small are what rounding leaves where everybody always took the same.
    if free < 1 or squares <= ROUNDING * (values**2).sum():
        return pd.Series(np.nan, index=own.index)
    others = (own["sum"].sum() - own["sum"]) / others_n.where(others_n > 0)
    return (own["mean"] - others) / np.sqrt(squares / free * (1 / n + 1 / others_n))


def measure_interviewer_rates(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    min_interviews: int = 5,
    missing: pd.DataFrame | None = None,
) -> Measured:
    """Share of all questions an interviewer was to ask whose answer is of the kind.

    One row per interviewer with `min_interviews` interviews. Adds interviews_n, asked_n. `kind`
    and `missing` as for tally_answers.
    """
    if responses.empty:
        return not_taken("no_interviews")
    table = _compare_answers(responses, questionnaire, kind, missing)
    table = table[(table["interviews_n"] >= min_interviews) & (table["trials_n"] > 0)]
    if table.empty:
        return not_taken("too_few_interviews")
    return list_measured(
        table["rate"],
        interviewer=table.index,
        interviews_n=table["interviews_n"],
        asked_n=table["trials_n"],
    )


def measure_interviewer_excess(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    min_interviews: int = 5,
    missing: pd.DataFrame | None = None,
) -> Measured:
    """z by which an interviewer's rate lies above that of all others (compare_with_others).

    One row per interviewer with `min_interviews` interviews; the others count whatever they
    have. Interviewers work in different places, and z cannot tell the two apart. Adds
    interviews_n, rate, others_rate.
    """
    if responses.empty:
        return not_taken("no_interviews")
    if responses["interviewer"].nunique() < 2:
        return not_taken("too_few_interviewers")
    table = _compare_answers(responses, questionnaire, kind, missing)
    table = table[(table["interviews_n"] >= min_interviews) & table["z"].notna()]
    if table.empty:
        return not_taken("too_few_interviews")
    extras = {name: table[name] for name in ("interviews_n", "rate", "others_rate")}
    return list_measured(table["z"], interviewer=table.index, **extras)


def tabulate_interviewers(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    *,
    short_at: float,
    similar_at: float,
    straight_at: float,
    night_at: float,
    missing: pd.DataFrame | None = None,
    rejected: pd.DataFrame | None = None,
    differences: pd.Series | None = None,
    matched: Measured | None = None,
    min_common: int = 20,
    min_items: int = 5,
    min_interviews: int = 10,
) -> pd.DataFrame:
    """One row per interviewer, by code.

    The `_at` are thresholds of measure_speed, measure_best_match, measure_straight_lining and
    measure_night. `rejected`: rows set aside, with the interviewer each was delivered under
    (column interviewer) and its scope. `differences`: share of answers that differ in the
    back-check, by respondent_id. `matched`: the best matches, if measured before. The `min_` are
    those of the measures.

    Columns: interviewer; interviews_n, days_n, per_day_max, villages_n; median_minutes;
    short_share, straight_lined_share (of interviews with a value); dont_know_share,
    refused_share, blank_share (of questions to be asked); similar_pairs_n, night_n;
    rejected_interviews_n, rejected_answers_n; back_checked_n, back_check_difference; and for
    each share `_z` against all others (compare_with_others), and minutes_z of the mean logarithm,
    negative where faster. Missing where it could not be measured, never 0.
    """
    rows = sort_interviews(responses)
    by = rows.groupby("interviewer")
    table = pd.DataFrame({"interviews_n": by.size()})
    pace = measure_pace(rows).frame.groupby("interviewer")["value"]
    table["days_n"], table["per_day_max"] = pace.size(), pace.max()
    table["villages_n"] = by["village_code"].nunique()
    minutes = durations_of(rows)
    table["median_minutes"] = minutes.groupby(rows["interviewer"]).median()
    timed = minutes.notna()
    longer = np.log(minutes[timed] / minutes.median())
    table["minutes_z"] = _compare_means(longer, rows["interviewer"][timed])
    reached = {
        "short": (measure_speed(rows, min_interviews), short_at),
        "straight_lined": (
            measure_straight_lining(rows, questionnaire, min_items), straight_at,
        ),
    }  # fmt: skip
    for name, (measured, threshold) in reached.items():
        # An interview with several batteries is straight-lined if any of them is.
        worst = measured.frame.groupby(["respondent_id", "interviewer"])["value"].max()
        frame = worst.reset_index()
        hits = (frame["value"] >= threshold).to_numpy(float)
        _add_shares(table, name, hits, np.ones(len(frame)), frame["interviewer"])
    kinds: tuple[Kind, ...] = ("dont_know", "refused", "blank")
    for kind in kinds:
        hit, asked = tally_answers(rows, questionnaire, kind, missing)
        _add_shares(table, kind, hit.sum(axis=1), asked.sum(axis=1), rows["interviewer"])
    matched = matched or measure_best_match(rows, questionnaire, min_common)
    table["similar_pairs_n"] = _count_similar(matched, similar_at, rows)
    night = measure_night(rows)
    table["night_n"] = _count(table, night.findings(night_at), night.taken)
    for scope, name in (("row", "rejected_interviews_n"), ("answer", "rejected_answers_n")):
        own = None if rejected is None else rejected[rejected["scope"] == scope]
        table[name] = _count(table, own, own is not None)
    checked = rows[["respondent_id", "interviewer"]].assign(value=np.nan)
    if differences is not None:
        checked["value"] = checked["respondent_id"].map(differences).astype(float)
    found = checked.dropna(subset="value").groupby("interviewer")["value"]
    table["back_checked_n"] = found.size().reindex(table.index).fillna(0).astype("Int64")
    table["back_check_difference"] = found.mean()
    counts = [name for name in table if name.endswith("_n") or name == "per_day_max"]
    return table.astype(dict.fromkeys(counts, "Int64")).reset_index()


def _compare_answers(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    missing: pd.DataFrame | None,
) -> pd.DataFrame:
    rows = sort_interviews(responses)
    hit, asked = tally_answers(rows, questionnaire, kind, missing)
    return compare_with_others(hit.sum(axis=1), asked.sum(axis=1), rows["interviewer"])


def _add_shares(
    table: pd.DataFrame, name: str, hits: np.ndarray, trials: np.ndarray, interviewers: pd.Series
) -> None:
    compared = compare_with_others(hits, trials, interviewers)
    table[f"{name}_share"], table[f"{name}_z"] = compared["rate"], compared["z"]


def _count(table: pd.DataFrame, found: pd.DataFrame | None, taken: bool) -> pd.Series:
    """Rows found by interviewer, 0 where none; NA where nothing could be looked at."""
    if found is None or not taken:
        return pd.Series(pd.NA, index=table.index, dtype="Int64")
    return found.groupby("interviewer").size().reindex(table.index).fillna(0).astype("Int64")


def _count_similar(matched: Measured, similar_at: float, rows: pd.DataFrame) -> pd.Series:
    """Pairs too much alike in which an interviewer's interview stands, each pair once."""
    found = matched.findings(similar_at)
    ends = np.sort(found[["respondent_id", "other"]].to_numpy(dtype=object), axis=1)
    pairs = pd.DataFrame(ends, columns=["one", "two"]).drop_duplicates()
    who = rows.set_index("respondent_id")["interviewer"]
    both = pd.DataFrame({name: pairs[name].map(who).to_numpy() for name in pairs})
    own = pd.concat([both["one"], both["two"][both["one"] != both["two"]]])
    index = pd.Index(sorted(rows["interviewer"].unique()), name="interviewer")
    return _count(pd.DataFrame(index=index), own.to_frame("interviewer"), matched.taken)
