"""How what was noticed is said: one sentence for each reason, in words and small numbers, never blaming."""

from collections.abc import Callable, Hashable

from threefold.core.competency import Framework
from threefold.core.feedback import CLIENT_ANSWERS, CLIENT_QUESTIONS, GOT_IN_THE_WAY
from threefold.core.noticing import NOT_REALLY, Care, Evidence, Sign
from threefold.core.said import plural

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
QUESTIONS = {question.code: question.words for question in CLIENT_QUESTIONS}


def counted(count: int, one: str = "", many: str = "") -> str:
    """Two people; 13 people; None"""
    if not one:
        return number_in_words(count).capitalize() if count else "None"
    number = NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"
    return f"{number} {one if count == 1 else many or one + 's'}"


def sentence(evidence: Evidence, framework: Framework, called: Callable[[Hashable], str]) -> str:
    """The reason in a sentence; `called` says what somebody is called."""
    return _person(evidence, framework) if isinstance(evidence.sign, Sign) else _ratings(evidence, framework, called)


def _person(evidence: Evidence, framework: Framework) -> str:
    number = number_in_words(evidence.count)
    match evidence.sign:
        case Sign.IN_THE_WAY:
            each = ", each with an example" if evidence.with_examples else ""
            what = f"chose “{framework.levels[GOT_IN_THE_WAY]}” for {_short(framework, evidence.code)}"
            if evidence.people > 1:
                return f"{counted(evidence.people, 'observer')} in {_weeks(evidence.weeks)} {what}{each}."
            return f"One observer {what} in {number} rounds{each}."
        case Sign.NOT_HEARD:
            said = CLIENT_ANSWERS[NOT_REALLY]
            return f"{counted(evidence.people, 'client')} answered “{said}” to “{QUESTIONS[evidence.code]}”."
        case Sign.NO_REFLECTION:
            return f"The last {number} rounds went without a reflection."
        case Sign.NOBODY_WROTE:
            return f"Nobody has written about {number} rounds in {_weeks(evidence.weeks)}."
    way, others = "below" if evidence.sign is Sign.SEES_LESS else "above", number_in_words(evidence.people)
    return f"Own levels lie about a level {way} what {others} others saw, {number} rounds running."


def _ratings(evidence: Evidence, framework: Framework, called: Callable[[Hashable], str]) -> str:
    count, running = evidence.count, f"{number_in_words(evidence.count)} rounds running"
    match evidence.sign:
        case Care.ONE_ANSWER:
            return f"“{framework.levels[evidence.of]}” for everything, {running}."
        case Care.NO_EXAMPLES:
            return f"No example of anything seen or heard, {running}."
        case Care.QUICK:
            return (
                f"{counted(count, 'form')} of {number_in_words(evidence.of)} came in within 20 seconds of the live"
                " notes being done. Perhaps written on paper first."
            )
        case Care.EACH_OTHER:
            other = called(evidence.other)
            return (
                f"Gives {other} about a level more than others, and {other} does the same:"
                f" {plural(count, 'round')} between them."
            )
    return (
        f"Tends to be {evidence.sign.value} than others who saw the same rounds: half a level or more, over"
        f" {plural(count, 'round')}. The words may simply be used differently."
    )


def number_in_words(count: int) -> str:
    return NUMBERS[count].lower() if count < len(NUMBERS) else f"{count:,}"


def _weeks(weeks: int) -> str:
    return "one week" if weeks == 1 else f"{number_in_words(weeks)} weeks"


def _short(framework: Framework, code: str) -> str:
    """A competency's label within a sentence: small, unless it is an abbreviation."""
    found = framework.of(code)
    label = found.short if found else code
    return label[0].lower() + label[1:] if label[1:2].islower() else label
