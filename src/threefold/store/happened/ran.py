"""The rounds of a session as they ran: by its clock where that knows, else by the timetable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from threefold.core.clock import Press, Timetable, phases_of, practice_of, state
from threefold.core.happened import Span, minute
from threefold.core.slots import SessionShape, round_times
from threefold.store.rows import PracticeRow


@dataclass(frozen=True, slots=True)
class GroupOf:
    """How many rounds a group has, and how many people."""

    rounds: int
    people: int


def rounds_as_they_ran(
    practice: PracticeRow, shape: SessionShape, groups: Mapping[UUID, GroupOf], presses: Sequence[Press] = ()
) -> Mapping[tuple[UUID, int], Span]:
    """When the practice of each group's rounds ran (or will, as things stand), by triad and round.

    By the session's clock where it knows, else by the timetable: a clock that was stopped, or stands still, says
    nothing of the rounds after.
    """
    timetable = Timetable(
        practice.starts_at,
        phases_of(shape),
        {
            triad: phases_of(shape, group.rounds, group.people)
            for triad, group in groups.items()
            if group.rounds and group.rounds != shape.rounds
        },
    )
    until = max([practice.ends_at, *(press.at for press in presses)])
    return {
        (triad, each.number): _by_the_clock(timetable, presses, until, triad, each.number)
        or Span(each.starts_at, each.feedback_at)
        for triad, group in groups.items()
        if group.rounds
        for each in round_times(practice.starts_at, shape, group.rounds)
    }


def _by_the_clock(
    timetable: Timetable, presses: Sequence[Press], until: datetime, triad: UUID, number: int
) -> Span | None:
    """A round's practice in whole minutes, as everything there; None where nothing was pressed that tells."""
    if not presses:
        return None
    ran = practice_of(timetable.phases(triad), state(timetable, presses, until, triad), number)
    begins, ends = (minute(at) for at in ran) if ran else (until, until)
    return Span(begins, ends) if begins < ends else None
