"""How often each answer of a simulated survey is given in each district, so that scores are met.
Not here: who gives it (answers), or the questions and the tree themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from dgi.errors import FactError, Fault
from dgi.facts.questionnaire import Questionnaire, parse_condition
from dgi.simulation.assumptions import SampleAssumptions

# A share never reaches 0 or 1: there is always somebody who answers otherwise.
LOWEST, HIGHEST = 0.03, 0.97
# Beyond this many standard deviations an indicator stops carrying a level for its neighbours.
FURTHEST = 2.0


@dataclass(frozen=True)
class PlannedQuestion:
    """How one question is answered: `codes` from the worst to the best answer, `cuts` (H, codes-1)
    the cumulated probability of all but the best in each home district, `gaps` what else is said
    (refused, don't know) and how often; `sub_dimension` is its place in the tree, None outside."""

    name: str
    sub_dimension: int | None
    indicator: str
    is_filter: bool
    is_item: bool
    codes: np.ndarray
    cuts: np.ndarray
    gaps: tuple[tuple[int, float], ...]


def plan_questions(
    tree: pd.DataFrame,
    questionnaire: Questionnaire,
    targets: pd.Series,
    filter_rates: pd.DataFrame,
    population: pd.Series,
    year: int,
    assumptions: SampleAssumptions,
) -> list[PlannedQuestion]:
    """How each question is answered in each home district, so that the scores meet `targets`.

    `tree`, `targets`, `filter_rates`: as for `simulate_answers`; `population`: home district ->
    share of all adults. A question that serves several indicators answers to the first. Returns
    the questions in the questionnaire's order.
    Raises ValueError for a target that is absent, FactError for a filter without a rate.
    """
    indicators = tree[tree["level"] == "indicator"].reset_index(drop=True)
    subs = tree[tree["level"] == "sub_dimension"].set_index("key")
    sub = subs.index.get_indexer(indicators["parent"])
    wanted = _wanted_places(subs, targets)
    filters = _rated_filters(questionnaire, filter_rates)
    codes_of = _codes_by_question(questionnaire)
    missing = assumptions.missing
    # Part of those who do not refuse that know the answer, where not knowing counts as a no.
    knows = (1 - missing.knowledge - missing.refused) / (1 - missing.refused)
    anchors, ceilings = _ends_of_reach(indicators, filters, knows)
    levels = _district_levels(list(population.index), list(subs.index), year, assumptions)
    t = _indicator_levels(
        indicators, sub, wanted, anchors, ceilings, levels, population.to_numpy(), assumptions
    )

    def gaps(question: str, counts: bool) -> tuple[tuple[int, float], ...]:
        unknown = missing.filter if question in filters else missing.other
        said = {"refused": missing.refused, "dont_know": missing.knowledge if counts else unknown}
        return tuple(
            (code, rate) for kind, rate in said.items() for code in codes_of[question].get(kind, [])
        )

    planned: dict[str, PlannedQuestion] = {}
    for number, row in enumerate(indicators.itertuples(index=False)):
        counts, is_item = row.dk == "counts_as_no", row.measure == "count"
        parts = row.question.split(" ")
        # `share`: of the counted answer among those who know, whatever is thought of it.
        share = t[:, number] if row.direction == 1 else 1 - t[:, number]
        share = np.minimum(share / knows, HIGHEST) if counts else share
        shares = _item_shares(share, parts, assumptions) if is_item else share[:, None]
        for column, part in enumerate(parts):
            valid = codes_of[part]["valid"]
            if row.measure == "mean":
                codes = np.array(valid if row.direction == 1 else valid[::-1])
                cuts = _ordinal(codes, t[:, number])
            else:
                codes, cuts = _grouped(
                    valid, row.good_answers, shares[:, column], row.direction == 1
                )
            planned.setdefault(
                part,
                PlannedQuestion(part, int(sub[number]), row.key, part in filters, is_item,
                                codes, cuts, gaps(part, counts)),
            )  # fmt: skip
    overall = ndtr(ndtri(wanted).mean() + levels.mean(axis=1))
    for question in questionnaire.questions["question"]:
        if question in planned:
            continue
        valid = codes_of[question]["valid"]
        if question in filters:
            opening, rate = filters[question]
            codes, cuts = _grouped(valid, opening, np.full(len(population), rate), True)
        else:
            codes, cuts = np.array(valid), _ordinal(valid, overall)
        planned[question] = PlannedQuestion(
            question, None, "", question in filters, False, codes, cuts, gaps(question, False)
        )
    return [planned[question] for question in questionnaire.questions["question"]]


def _wanted_places(subs: pd.DataFrame, targets: pd.Series) -> np.ndarray:
    """Each sub-dimension's target as a place on 0-1 that answers can reach, (S,)."""
    span = subs["scale_max"] - subs["scale_min"]
    wanted = ((targets.reindex(subs.index) - subs["scale_min"]) / span).to_numpy(float)
    if np.isnan(wanted).any():
        lacking = ", ".join(subs.index[np.isnan(wanted)])
        raise ValueError(f"no score to centre the answers on: {lacking}")
    return np.clip(wanted, LOWEST, HIGHEST)


def _rated_filters(
    questionnaire: Questionnaire, filter_rates: pd.DataFrame
) -> dict[str, tuple[tuple[int, ...], float]]:
    """Filter question -> the codes that open the questions behind it, and how often they come."""
    rates = filter_rates.set_index("question")["rate"]
    conditions = [parse_condition(text) for text in questionnaire.questions["asked_if"]]
    opening = {condition[0]: condition[1] for condition in conditions if condition}
    unrated = sorted(name for name in opening if name not in rates.index)
    if unrated:
        raise FactError(
            Fault("data/sample/filter_rates.csv", "a filter question has no rate", "Add its row.",
                  column="question", value=name)
            for name in unrated
        )  # fmt: skip
    return {name: (codes, float(rates[name])) for name, codes in opening.items()}


def _ends_of_reach(
    indicators: pd.DataFrame, filters: dict[str, tuple[tuple[int, ...], float]], knows: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of each indicator, (J,): the fixed level of one that is a filter, else NaN; the highest."""
    anchors = np.full(len(indicators), np.nan)
    ceilings = np.full(len(indicators), HIGHEST)
    for number, row in enumerate(indicators.itertuples(index=False)):
        opening, rate = filters.get(row.question, ((), 0.0))
        if opening and set(row.good_answers) == set(opening):
            anchors[number] = rate if row.direction == 1 else 1 - rate
        if row.dk == "counts_as_no" and row.direction == 1:
            ceilings[number] *= knows
    return anchors, ceilings


def _item_shares(
    share: np.ndarray, parts: Sequence[str], assumptions: SampleAssumptions
) -> np.ndarray:
    """Share of each question of a count, (H, parts), with mean `share`; some are always harder."""
    offset = assumptions.indicators.items * np.array(
        [assumptions.stream("item", part).standard_normal() for part in parts]
    )
    centre = _solve(lambda x: ndtr(x[:, None] + offset).mean(axis=1), share)
    return ndtr(centre[:, None] + offset)


def _codes_by_question(questionnaire: Questionnaire) -> dict[str, dict[str, list[int]]]:
    """Question -> kind (valid, dont_know, refused) -> codes, ascending."""
    listed = questionnaire.answers.sort_values("code").groupby(["answers", "kind"])["code"]
    of_list: dict[str, dict[str, list[int]]] = {}
    for (name, kind), codes in listed:
        of_list.setdefault(name, {})[kind] = [int(code) for code in codes]
    questions = questionnaire.questions
    return {
        question: of_list[name]
        for question, name in zip(questions["question"], questions["answers"], strict=True)
    }


def _district_levels(
    homes: Sequence[str], keys: Sequence[str], year: int, assumptions: SampleAssumptions
) -> np.ndarray:
    """How far each home district lies from the province on each sub-dimension: (H, S), probit."""
    assumed = assumptions.districts

    def standing(home: str, key: str) -> tuple[float, float]:
        # One long stream per district and key: a year's shock is the same whichever year is made.
        shocks = assumptions.stream("district", home, key).standard_normal(102)
        recent = shocks[max(1, year - 1999 - 10) : year - 1999 + 1][::-1]
        return shocks[0], float(recent @ assumed.persistence ** np.arange(len(recent)))

    common = np.array([standing(home, "all") for home in homes])
    own = np.array([[standing(home, key) for key in keys] for home in homes])
    mixed = np.sqrt(assumed.common) * common[:, None, :] + np.sqrt(1 - assumed.common) * own
    return assumed.spread * mixed[..., 0] + assumed.movement * mixed[..., 1]


def _solve(
    rises: Callable[[np.ndarray], np.ndarray], wanted: np.ndarray, reach: float = 4.0
) -> np.ndarray:
    """x with rises(x) = wanted, element by element, for a function that grows in each x."""
    low, high = np.full(wanted.shape, -reach), np.full(wanted.shape, reach)
    for _ in range(50):
        middle = (low + high) / 2
        is_low = rises(middle) < wanted
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return (low + high) / 2


def _indicator_levels(
    indicators: pd.DataFrame,
    sub: np.ndarray,
    wanted: np.ndarray,
    anchors: np.ndarray,
    ceilings: np.ndarray,
    levels: np.ndarray,
    population: np.ndarray,
    assumptions: SampleAssumptions,
) -> np.ndarray:
    """t of method §4 for each home district and indicator, (H, J).

    `sub` (J,): number of the sub-dimension; `wanted` (S,): the province's mean on 0-1;
    `anchors` (J,): the fixed level of a filter, else NaN; `ceilings` (J,): highest reachable;
    `levels` (H, S): of the districts; `population` (H,): shares.
    """
    offsets = np.array(
        [
            assumptions.indicators.spread * assumptions.stream("indicator", key).standard_normal()
            for key in indicators["key"]
        ]
    )
    is_anchor = ~np.isnan(anchors)
    base = np.where(is_anchor, ndtri(np.where(is_anchor, anchors, 0.5)), offsets)
    follow = np.where(is_anchor, assumptions.districts.filters, 1.0)
    weight = indicators["weight"].to_numpy(float)

    # A filter may come down to half its rate, not further: the questions behind it need answers.
    lowest = np.where(is_anchor, anchors / 2, LOWEST)
    highest = np.where(is_anchor, np.minimum(ceilings, (1 + anchors) / 2), ceilings)

    def means(shift: np.ndarray, moves: np.ndarray) -> np.ndarray:
        raw = ndtr(base + moves * shift[sub] + follow * levels[:, sub])
        return np.clip(raw, lowest, highest)

    def solve(moves: np.ndarray) -> np.ndarray:
        return _solve(
            lambda shift: np.bincount(
                sub, weight * (population @ means(shift, moves)), len(wanted)
            ),
            wanted,
        )

    moves = np.where(is_anchor, 0.0, 1.0)
    # Where the others cannot carry the level without going to extremes, the filters move too.
    strained = np.abs(solve(moves)) > FURTHEST
    moves = np.where(strained[sub], 1.0, moves)
    return means(solve(moves), moves)


def _ordinal(codes: Sequence[int] | np.ndarray, level: np.ndarray) -> np.ndarray:
    """Cuts (H, codes-1) of an answer whose mean lies at `level` (H,) between its end codes."""
    steps = np.abs(np.diff(np.asarray(codes, dtype=float)))
    steps /= steps.sum()
    # Thresholds of a bell-shaped attitude: with more answers they lie closer together.
    marks = np.linspace(-1, 1, len(codes) + 1)[1:-1] * 1.6
    centre = _solve(lambda x: ndtr(x[:, None] - marks) @ steps, np.asarray(level, dtype=float))
    return ndtr(marks - centre[:, None])


def _grouped(
    valid: Sequence[int], counted: Sequence[int], share: np.ndarray, is_good: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Codes from worst to best, and cuts, when `counted` together have `share` (H,).

    Inside either group the answer next to the other group is the most frequent one.
    """
    inside = sorted(code for code in valid if code in counted)
    outside = sorted(code for code in valid if code not in counted)
    if not outside:
        return np.array(inside), _ordinal(inside, share)
    if np.mean(inside) < np.mean(outside):
        inside, outside = inside[::-1], outside[::-1]
    near_out, near_in = (0.4 ** np.arange(len(group)) for group in (outside, inside))
    chances = np.hstack(
        [
            (1 - share)[:, None] * (near_out / near_out.sum())[::-1],
            share[:, None] * near_in / near_in.sum(),
        ]
    )
    codes = np.array(outside + inside)
    if not is_good:
        codes, chances = codes[::-1], chances[:, ::-1]
    return codes, np.cumsum(chances, axis=1)[:, :-1]
