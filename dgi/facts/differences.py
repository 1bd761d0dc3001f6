"""What differs between two versions of the indicator set, and what of it makes another indicator.
Not here: what that leaves to compare of sums (dgi.change.comparability)."""

from __future__ import annotations

from collections.abc import Mapping

from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire, parse_condition

# What must be equal for an indicator of one version to be compared with one of another.
IDENTITY = {
    "question": ["question"], "good_answers": ["good_answers"], "scale": ["scale_min", "scale_max"],
    "measure": ["measure"], "base": ["base"], "dk": ["dk"], "direction": ["direction"],
}  # fmt: skip
BREAKING = {*IDENTITY, "answers"}
# What is told of an indicator and leaves it comparable. A wording belongs here: names of offices,
# spelling and examples change from year to year, and who asks something else gives the question
# another key. Where the answers on offer changed with it, the answers break it.
TOLD = {"weight": ["weight"], "code": ["code"], "parent": ["parent"]}

Differences = tuple[tuple[str, str, str], ...]
"""(aspect, before, now) of all that differs; before and now are '' where words would be long."""


def compare_indicators(current: IndicatorSet, base: IndicatorSet) -> dict[str, Differences]:
    """What differs in each indicator that both versions have, in the current order (method §8).

    The answers on offer and the wordings are looked at where both versions know the questionnaire
    they were asked by (IndicatorSet.asked_by).
    """
    forms = (current.questionnaire, base.questionnaire)
    now = current.at("indicator").set_index("key")
    before = base.at("indicator").set_index("key")
    found = {}
    for key in now.index.intersection(before.index, sort=False):
        own: list[tuple[str, str, str]] = []
        is_same_question = now.loc[key, "question"] == before.loc[key, "question"]
        for aspect, columns in (IDENTITY | TOLD).items():
            pair = [tuple(table.loc[key, columns]) for table in (before, now)]
            if pair[0] != pair[1]:
                was, becomes = ("-".join(map(_show, values)) for values in pair)
                own.append((aspect, was, becomes))
        if forms[0] is not None and forms[1] is not None and is_same_question:
            own += _compare_answers(now.loc[key, "question"].split(" "), forms[0], forms[1])
        found[key] = tuple(own)
    return found


def breaks_comparison(differences: Differences) -> bool:
    """Whether an indicator of which so much differs is another one (method §8)."""
    return any(aspect in BREAKING for aspect, *_ in differences)


def put_in_words(
    differences: Differences, aspects: Mapping[str, str], names: Mapping[str, str]
) -> str:
    """Differences as a line to read: 'scale 0.3333-3.333 → 0.25-2.5; code 2.1 → 2.2' (method §8).

    `aspects`: what each aspect is called; `names`: what each key is called in the same language.
    """
    said = []
    for aspect, before, now in differences:
        if aspect.startswith("parts"):
            now = ", ".join(names.get(key, key) for key in now.split(", "))
        elif aspect == "parent":
            before, now = names.get(before, before), names.get(now, now)
        shown = f"{before} → {now}" if before else now
        said.append(f"{aspects[aspect]}: {shown}" if shown else aspects[aspect])
    return "; ".join(said)


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _compare_answers(
    questions: list[str], now: Questionnaire, before: Questionnaire
) -> list[tuple[str, str, str]]:
    """What the two questionnaires offer, and say, otherwise in the same questions."""
    current, base = (_asked(form, questions) for form in (now, before))
    found = []
    if current["offer"] != base["offer"] or _has_swapped(current["words"], base["words"]):
        found.append(("answers", "; ".join(base["shown"]), "; ".join(current["shown"])))
    elif current["words"] != base["words"]:
        found.append(("answer_words", "", ""))
    if current["filters"] != base["filters"]:
        found.append(("base", "", ""))
    if current["text"] != base["text"]:
        found.append(("wording", "", ""))
    return found


def _asked(form: Questionnaire, questions: list[str]) -> dict[str, list]:
    """What a questionnaire offers as answers to `questions`, in which words, and whom it asks."""
    rows = form.questions.set_index("question").loc[questions]
    offers = [_offer(form, name) for name in rows["answers"]]
    return {
        "offer": offers,
        "shown": [";".join(map(str, valid)) for valid, _ in offers],
        "words": [_words(form, name) for name in rows["answers"]],
        "filters": [_filters(form, condition) for condition in rows["asked_if"]],
        "text": list(rows["text_vi"]),
    }


def _offer(form: Questionnaire, answers: str) -> tuple[tuple[int, ...], bool]:
    """Valid codes of a list, and whether a don't-know is offered; other codes are bookkeeping."""
    return tuple(sorted(form.codes(answers, "valid"))), bool(form.codes(answers, "dont_know"))


def _words(form: Questionnaire, answers: str) -> dict[str, int]:
    rows = form.answers[form.answers["answers"] == answers]
    valid = rows["code"].isin(form.codes(answers, "valid"))
    return dict(zip(rows.loc[valid, "label_vi"], rows.loc[valid, "code"], strict=True))


def _has_swapped(now: list[dict[str, int]], before: list[dict[str, int]]) -> bool:
    """Whether the same words stand at another code: a scale turned round under the same codes."""
    return any(
        own[label] != old[label]
        for own, old in zip(now, before, strict=True)
        for label in own.keys() & old.keys()
    )


def _filters(form: Questionnaire, condition: str) -> tuple:
    """The answers on offer along the chain of questions that decides who is asked."""
    parsed = parse_condition(condition)
    if parsed is None:
        return ()
    row = form.questions.set_index("question").loc[parsed[0]]
    return (_offer(form, row["answers"]), *_filters(form, row["asked_if"]))
