"""The answer “no”: a sentence for the person who asked, and where on their form it belongs."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Problem:
    """One thing to put right. `field` is the form field's name, or "" when it concerns the whole request."""

    field: str
    sentence: str


@dataclass(frozen=True)
class Refusal:
    """All problems at once; nothing has been changed."""

    problems: tuple[Problem, ...]

    @classmethod
    def because(cls, sentence: str, field: str = "") -> Self:
        return cls((Problem(field, sentence),))


@dataclass(frozen=True)
class AndYet(Refusal):
    """A no in a step that changed something all the same, because it was due anyway: whoever that concerns hears."""


def changes_nothing(outcome: object) -> bool:
    """Whether a step that ended so has left everything as it was."""
    return isinstance(outcome, Refusal) and not isinstance(outcome, AndYet)
