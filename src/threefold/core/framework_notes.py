"""What is worth a second look in a framework that can be used as it is: gentle notes, never a refusal."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from threefold.core.competency import Competency, Framework

FEW_WORDS = 4
"""An anchor of fewer words can hardly say what is seen in the room."""
MANY = 24
"""More competencies than this take a tutor long to choose three to eight from; what ships has 21."""
LONG_SHORT = 24
"""A longer short label, in characters, wraps on a button at 320 px."""
LONG_CODE = 5
"""A public code of more words than this is likely somebody’s wording."""

# Words that say how good something was, or that need the theory to be understood: they make observers agree less than
# words for what was seen or heard. English only.
JUDGING = re.compile(
    r"\b(?:good|bad|poor|weak|strong|excellent|outstanding|adequate(?:ly)?|appropriate(?:ly)?|effective(?:ly)?"
    r"|competent(?:ly)?|satisfactory|fail(?:s|ed)?|successful(?:ly)?)\b",
    re.IGNORECASE,
)
JARGON = re.compile(
    r"\b(?:rapport|congruen(?:t|ce)|(?:counter)?transference|immediacy|upr|paraphrase[sd]|interventions?"
    r"|conceptualise[sd]|attune[sd]|facilitate[sd]|utilise[sd])\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"\d|%|\b(?:score[sd]?|marks?|out of (?:five|ten)|per cent|percent)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Note:
    """One thing worth a look. `code`: the competency it is about, or "" for the framework as a whole."""

    code: str
    sentence: str


def worth_a_look(framework: Framework) -> tuple[Note, ...]:
    """Every gentle note: the framework as a whole first, then its competencies in their order."""
    found = list(_about_the_whole(framework))
    english = framework.language.lower().split("-")[0] == "en"
    for each in framework.competencies:
        found += [Note(each.code, sentence) for sentence in _about_one(each, framework)]
        if english:
            found += [Note(each.code, sentence) for sentence in _about_wording(each, framework)]
    return tuple(dict.fromkeys(found))


def _about_the_whole(framework: Framework) -> Iterator[Note]:
    if len(framework.competencies) > MANY:
        yield Note(
            "", f"There are {len(framework.competencies)} competencies, which is many to choose three to eight from."
        )
    for short, times in Counter(each.short.casefold() for each in framework.competencies).items():
        if times > 1:
            same = [each for each in framework.competencies if each.short.casefold() == short]
            codes = ", ".join(each.code for each in same)
            yield Note(
                "",
                f"The short label “{same[0].short}” is used {_times(times)}, by {codes}. Charts can’t tell them apart.",
            )
    for name, times in Counter((*framework.levels.values(), framework.not_seen)).items():
        if times > 1:
            yield Note(
                "",
                f"“{name}” names {'two' if times == 2 else times} of the answers, so nobody can tell which was chosen.",
            )
    used = {each.domain for each in framework.competencies}
    for domain in framework.domains:
        if domain.code not in used:
            yield Note("", f"Nothing stands under the heading “{domain.name}”.")


def _about_one(each: Competency, framework: Framework) -> Iterator[str]:
    alike: dict[str, list[int]] = {}
    for level, anchor in each.anchors.items():
        alike.setdefault(_bare(anchor), []).append(level)
    for levels in alike.values():
        if len(levels) > 1:
            names = " and ".join(f"“{framework.levels[level]}”" for level in levels)
            yield f"The anchors for {names} are word for word alike."
    for level, anchor in each.anchors.items():
        if (count := len(anchor.split())) < FEW_WORDS:
            said = "One word is" if count == 1 else f"{count} words are"
            yield f"{said} little for “{framework.levels[level]}”. Say what an observer would see or hear."
    if not each.cues:
        yield "No cue says what gets in the client’s way, so no tutor is asked to look first."
    if len(each.short) > LONG_SHORT:
        yield f"The short label is long for a button. Up to {LONG_SHORT} characters fit."
    for place in each.maps:
        if len(place.split()) > LONG_CODE:
            yield f"“{place}” reads like wording rather than a code. Name the place only; the words are theirs."


def _about_wording(each: Competency, framework: Framework) -> Iterator[str]:
    for level, anchor in each.anchors.items():
        name = framework.levels[level]
        for word in dict.fromkeys(JUDGING.findall(anchor)):
            yield f"“{name}”: “{word}” says how it was rather than what was seen or heard."
        for word in dict.fromkeys(JARGON.findall(anchor)):
            yield f"“{name}”: “{word}” is a word of the trade. Would everybody in the room see the same?"
        if NUMBERED.search(anchor):
            yield f"“{name}”: a number invites counting. Levels are told in words here."


def _bare(words: str) -> str:
    """The words alone: without case, punctuation or spaces of another kind."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in words.casefold())
    return " ".join(kept.split())


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
