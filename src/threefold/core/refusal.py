"""The answer “no”: a sentence for the person who asked, and where on their form it belongs."""

from dataclasses import dataclass


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
    def because(cls, sentence: str, field: str = "") -> "Refusal":
        return cls((Problem(field, sentence),))
