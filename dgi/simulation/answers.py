"""What each person of a simulated survey answers: view of the village, of their own, and chance.
Not here: who is asked (sampling), or how often a district gives an answer (answer_plan)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr

from dgi.facts.questionnaire import Questionnaire, parse_condition
from dgi.simulation.answer_plan import PlannedQuestion, plan_questions
from dgi.simulation.assumptions import SampleAssumptions


def simulate_answers(
    tree: pd.DataFrame,
    questionnaire: Questionnaire,
    targets: pd.Series,
    filter_rates: pd.DataFrame,
    frame: pd.DataFrame,
    people: pd.DataFrame,
    year: int,
    assumptions: SampleAssumptions,
) -> dict[str, np.ndarray]:
    """Codes that `people` give to every question: (n,) floats each, NaN where it was not asked.

    `tree`: nodes of the year's indicator set; `targets`: sub-dimension key -> score on the tree's
    own scale, on which the answers of all adults of `frame` are centred; `filter_rates`: as
    `check_filter_rates` returns them; `frame`, `people`: as sampling returns them.
    Raises ValueError for a target that is absent, FactError for a filter without a rate.
    """
    adults = frame.groupby("home")["adults"].sum()
    population = adults / adults.sum()
    keys = list(tree.loc[tree["level"] == "sub_dimension", "key"])
    plan = plan_questions(tree, questionnaire, targets, filter_rates, population, year, assumptions)
    home = population.index.get_indexer(people["home"])
    shared = _attitudes(people, keys, len(frame), year, assumptions)
    overall = _overall_view(shared, keys, assumptions)
    answers: dict[str, np.ndarray] = {}
    for question in plan:
        rng = assumptions.stream("answer", year, question.name)
        chance = rng.standard_normal(len(people))
        z = _leaning(question, people, shared, overall, chance, len(frame), year, assumptions)
        rank = (ndtr(z)[:, None] > question.cuts[home]).sum(axis=1)
        codes = question.codes[rank].astype(float)
        luck, edge = rng.random(len(people)), 0.0
        for code, rate in question.gaps:
            codes[(luck >= edge) & (luck < edge + rate)] = code
            edge += rate
        answers[question.name] = codes
    _close_skips(answers, questionnaire)
    return answers


def _attitudes(
    people: pd.DataFrame, keys: Sequence[str], villages: int, year: int,
    assumptions: SampleAssumptions,
) -> np.ndarray:  # fmt: skip
    """What each person's answers on one sub-dimension share, (n, S): village, interviewer, self."""
    part, stream = assumptions.people, assumptions.stream
    row = people["village_row"].to_numpy()
    interviewer = pd.factorize(people["interviewer"], sort=True)[0]

    def village_effect(name: str) -> np.ndarray:
        lasting = stream("village", name).standard_normal(villages)
        passing = stream("village", name, year).standard_normal(villages)
        kept = part.village_persistence
        return (np.sqrt(kept) * lasting + np.sqrt(1 - kept) * passing)[row]

    common = village_effect("all")
    general = stream("person", year).standard_normal(len(people))
    shared = np.empty((len(people), len(keys)))
    for number, key in enumerate(keys):
        place = np.sqrt(part.village_common) * common
        place = place + np.sqrt(1 - part.village_common) * village_effect(key)
        asked_by = stream("interviewer", year, key).standard_normal(interviewer.max() + 1)
        own = stream("person", year, key).standard_normal(len(people))
        shared[:, number] = (
            np.sqrt(part.village) * place
            + np.sqrt(part.interviewer) * asked_by[interviewer]
            + np.sqrt(part.general) * general
            + np.sqrt(part.sub_dimension) * own
        )
    return shared


def _overall_view(
    shared: np.ndarray, keys: Sequence[str], assumptions: SampleAssumptions
) -> np.ndarray:
    """How each person sees everything together, (n,), of variance 1."""
    view = shared @ np.exp(
        assumptions.satisfaction.importance
        * np.array([assumptions.stream("importance", key).standard_normal() for key in keys])
    )
    return view / view.std()


def _leaning(
    question: PlannedQuestion,
    people: pd.DataFrame,
    shared: np.ndarray,
    overall: np.ndarray,
    chance: np.ndarray,
    villages: int,
    year: int,
    assumptions: SampleAssumptions,
) -> np.ndarray:
    """Where each person stands on one question, (n,): standard normal but for the people's lean."""
    part, explained = assumptions.people, assumptions.satisfaction.explained
    if question.is_filter:
        # What happened to a person, not what they think of it: a filter that followed
        # attitudes would hand the next question to a chosen public.
        place = assumptions.stream("village", question.name).standard_normal(villages)
        place = place[people["village_row"].to_numpy()]
        return np.sqrt(part.village) * place + np.sqrt(1 - part.village) * chance
    lean = people["lean"].to_numpy()
    if question.sub_dimension is None:
        return np.sqrt(explained) * overall + np.sqrt(1 - explained) * chance + lean
    left = 1 - (part.village + part.interviewer + part.general + part.sub_dimension)
    z = shared[:, question.sub_dimension] + lean
    if question.is_item:
        left -= part.items
        items = assumptions.stream("items", year, question.indicator).standard_normal(len(people))
        z = z + np.sqrt(part.items) * items
    return z + np.sqrt(left) * chance


def _close_skips(answers: dict[str, np.ndarray], questionnaire: Questionnaire) -> None:
    """Blank what was not asked, in place; a question behind a closed filter closes the next."""
    questions = questionnaire.questions
    waiting = {
        name: parse_condition(text)
        for name, text in zip(questions["question"], questions["asked_if"], strict=True)
    }
    while waiting:
        ready = [
            name
            for name, condition in waiting.items()
            if not condition or condition[0] not in waiting
        ]
        if not ready:
            raise ValueError(f"skips that depend on each other: {', '.join(waiting)}")
        for name in ready:
            condition = waiting.pop(name)
            if condition:
                answers[name][~np.isin(answers[condition[0]], condition[1])] = np.nan
