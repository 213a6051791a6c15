"""What is said of somebody's growth in short: at most three plain sentences, each only if its evidence allows it.

The rules are those of `core.growth`: nothing of a trend below six levels by three people. Below that there are kinder,
factual sentences, which count people in the last three rounds and claim nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from threefold.core.growth import (
    BEGINNING,
    FEWEST_PEOPLE_IN_A_PART,
    HELPING,
    Beside,
    Given,
    Round,
    beside,
    given,
    last_rounds,
    moved,
    people,
    wants_practice,
)


@dataclass(frozen=True)
class Sentence:
    """Something said in short, with the chart it speaks of and the rounds it rests on."""

    topic: str
    finding: str
    detail: str
    code: str
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Whose:
    """How somebody is spoken of: to themselves, or to their tutor."""

    your: str = "your"
    you: str = "you"

    @classmethod
    def of(cls, name: str) -> "Whose":
        return cls(f"{name}’s", name)


def in_short(
    rounds: Sequence[Round], titles: Mapping[str, str], labels: Mapping[int, str], whose: Whose | None = None
) -> tuple[Sentence, ...]:
    """At most three sentences, each only if its evidence allows it (`titles` are the competencies, in their order).

    1. What moved most: the competency whose level rose furthest (`moved`). Without one, what others noticed of late:
       the competency that most people saw at "helping" or beyond in the last three rounds.
    2. The own view beside others' (`beside`): harder before fuller before alike, then where most rounds say so.
    3. What is worth practising (`wants_practice`), the lowest first. Without one, what at least two people saw at
       "beginning" or below in the last three rounds. Never the competency of the first sentence.
    """
    named = whose or Whose()
    levels = {code: given(rounds, code) for code in titles}
    first = _moved_most(levels, titles, labels)
    third = _practise(levels, _without(titles, first), labels)
    first = first or _noticed(rounds, _without(titles, third), labels, named)
    third = third or _practise_lately(rounds, _without(titles, first), labels, named)
    return tuple(each for each in (first, _beside_others(rounds, titles, named), third) if each is not None)


def _without(titles: Mapping[str, str], said: Sentence | None) -> dict[str, str]:
    return {code: title for code, title in titles.items() if said is None or code != said.code}


def _moved_most(
    levels: Mapping[str, Sequence[Given]], titles: Mapping[str, str], labels: Mapping[int, str]
) -> Sentence | None:
    rises = {code: move for code in titles if (move := moved(levels[code])) and move.lately > move.before}
    if not rises:
        return None
    code = max(rises, key=lambda code: (rises[code].lately - rises[code].before, len(levels[code])))
    move = rises[code]
    detail = f"At first others saw it around “{labels[move.before]}”, lately around “{labels[move.lately]}”."
    return Sentence("moved", f"{titles[code]} has moved most.", detail, code, _rounds(levels[code]))


def _noticed(
    rounds: Sequence[Round], titles: Mapping[str, str], labels: Mapping[int, str], whose: Whose
) -> Sentence | None:
    last = last_rounds(rounds)
    seen = {code: [one for one in given(last, code) if one.level >= HELPING] for code in titles}
    code = max(seen, key=lambda code: (people(seen[code]), len(seen[code])), default="")
    if not code or not seen[code]:
        return None
    detail = f"At “{labels[HELPING]}” or beyond, in {whose.your} {_last(last)}."
    finding = f"{_somebody(people(seen[code]))} noticed {titles[code]}."
    return Sentence("noticed", finding, detail, code, _rounds(seen[code]))


def _beside_others(rounds: Sequence[Round], titles: Mapping[str, str], whose: Whose) -> Sentence | None:
    found = {code: compared for code in titles if (compared := beside(rounds, code))}
    if not found:
        return None
    order = tuple(Beside)
    code = min(found, key=lambda code: (order.index(found[code].how), -len(found[code].rounds)))
    compared, title = found[code], titles[code]
    your, you = (word[0].upper() + word[1:] for word in (whose.your, whose.you))
    count = f"In {len(compared.rounds)} of {compared.of} rounds"
    said = {
        Beside.HARDER: (
            f"{your} own view of {title} is harder than others’.",
            f"{count} it was lower than that of anyone who watched.",
        ),
        Beside.FULLER: (
            f"{your} own view of {title} is fuller than others’ so far.",
            f"{count} it was higher than that of anyone who watched.",
        ),
        Beside.ALIKE: (f"{you} and others see {title} much alike.", f"So it was in {_all(compared.of)}."),
    }
    return Sentence("beside", *said[compared.how], code, compared.rounds)


def _practise(
    levels: Mapping[str, Sequence[Given]], titles: Mapping[str, str], labels: Mapping[int, str]
) -> Sentence | None:
    found = {code: window for code in titles if (window := wants_practice(levels[code]))}
    if not found:
        return None
    code = min(found, key=lambda code: median_low([one.level for one in found[code]]))
    detail = f"Lately, others often saw {_low(found[code], labels)}."
    return Sentence("practise", f"{titles[code]} could use some practice.", detail, code, _rounds(found[code]))


def _practise_lately(
    rounds: Sequence[Round], titles: Mapping[str, str], labels: Mapping[int, str], whose: Whose
) -> Sentence | None:
    last = last_rounds(rounds)
    seen = {code: [one for one in given(last, code) if one.level <= BEGINNING] for code in titles}
    code = max(seen, key=lambda code: (people(seen[code]), len(seen[code])), default="")
    if not code or people(seen[code]) < FEWEST_PEOPLE_IN_A_PART:
        return None
    detail = f"{_somebody(people(seen[code]))} saw {_low(seen[code], labels)} in {whose.your} {_last(last)}."
    return Sentence("practise", f"{titles[code]} may be worth practising.", detail, code, _rounds(seen[code]))


def _low(levels: Iterable[Given], labels: Mapping[int, str]) -> str:
    found = sorted({one.level for one in levels if one.level <= BEGINNING}, reverse=True)
    return " or ".join(f"“{labels[level]}”" for level in found)


def _rounds(levels: Iterable[Given]) -> tuple[Round, ...]:
    return tuple(dict.fromkeys(one.round for one in levels))


def _somebody(count: int) -> str:
    return "One person" if count == 1 else f"{_number(count)} people"


def _number(count: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return words[count] if count < len(words) else str(count)


def _last(rounds: Sequence[Round]) -> str:
    return {1: "last round", 2: "last two rounds"}.get(len(rounds), "last three rounds")


def _all(count: int) -> str:
    return f"all {count} rounds that can be compared"
