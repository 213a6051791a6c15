"""Who was there for the rounds of a session, as far as is known at a moment.

What was noted of the session decides once a round has run, as in the ledger; until then what people said beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from threefold.core.happened import Sat, Session, Span, minute
from threefold.core.roles import Role
from threefold.store.happened import GroupOf, Noted, rounds_as_they_ran
from threefold.store.rounds.questions import Seated
from threefold.store.rows import CohortRow, PracticeRow


@dataclass(frozen=True)
class Attendance:
    """`session` is None where nothing is known but the plan: then everybody was there."""

    session: Session | None
    now: datetime

    def was_away(self, one: Seated) -> bool:
        """Whether somebody was there for nothing of their round, or, before it has run, will not be."""
        if self.session is None:
            return False
        if self.session.has_run(one.triad, one.round, self.now):
            return self.session.missed(one.member, one.triad, one.round, self.now)
        gave_up = one.given_up_at is not None and one.given_up_at <= self.session.ran[one.triad, one.round].from_at
        return one.withdrawn or gave_up

    def took_place(self, people: Sequence[Seated]) -> bool:
        """Whether a round was held, as far as is known. One that nobody was to be client of is its group's own."""
        one = people[0]
        if self.session is None or not self.session.has_run(one.triad, one.round, self.now):
            return True
        has_client = any(each.role == Role.CLIENT or each.guest is not None for each in people)
        return not has_client or self.session.was_held(one.triad, one.round, self.now)


def attendance(
    cohort: CohortRow, practice: PracticeRow, seated: Sequence[Seated], noted: Noted, now: datetime
) -> Attendance:
    """From what was read of one session: the people of those of its rounds that are asked about, and what was noted."""
    if not noted.facts and not any(one.withdrawn or one.given_up_at for one in seated):
        return Attendance(None, now)
    span = Span(practice.starts_at, practice.ends_at)
    groups = {one.triad: GroupOf(one.rounds, one.sitting) for one in seated}
    return Attendance(
        Session(
            span=span,
            ran=rounds_as_they_ran(practice, practice.shape_in(cohort), groups, noted.presses),
            sat=tuple(
                Sat(one.member, one.triad, Span(begins, until), ((one.round, Role(one.role)),))
                for one in seated
                for begins, until in [_while_seated(one, span)]
                if begins < until
            ),
            expected=frozenset(one.member for one in seated if not one.withdrawn),
            facts=noted.facts,
            visited=frozenset((one.triad, one.round) for one in seated if one.guest is not None),
        ),
        now,
    )


def _while_seated(one: Seated, span: Span) -> tuple[datetime, datetime]:
    until = span.until_at if one.given_up_at is None else min(minute(one.given_up_at), span.until_at)
    return max(minute(one.taken_at), span.from_at), until
