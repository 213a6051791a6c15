"""A tutor asks for pieces that have not come in: who may be asked for what, and the letter and its row in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core import reminders
from threefold.core.identity import NewId
from threefold.core.nudges import Asking, Quiet, asking
from threefold.feedback import rows
from threefold.feedback.queries import Missing, Whom, whom
from threefold.mail import outbox
from threefold.mail.outbox import Written
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import Nudge

Piece = tuple[UUID, int]  # triad and round, of one author
Key = tuple[UUID, tuple[Piece, ...]]


@dataclass(frozen=True)
class Row:
    """A piece that has not come in, and whether its author may be asked for it."""

    missing: Missing
    whom: Whom
    asking: Asking

    @property
    def piece(self) -> Piece:
        return self.missing.held.triad_id, self.missing.held.number


@dataclass(frozen=True)
class Letter:
    """What one person is asked for at once, in one letter."""

    whom: Whom
    rows: tuple[Row, ...]

    @property
    def key(self) -> Key:
        return self.whom.member, tuple(row.piece for row in self.rows)

    def once(self, now: datetime) -> str:
        """Its name in the outbox: a piece is asked for once a day at most."""
        if len(self.rows) > 1:
            return f"feedback-asked:{self.whom.member}:{now:%Y%m%dT%H%M%S}"
        return f"{rows.asks_for(*self.rows[0].piece, self.whom.member)}{now:%Y%m%d}"


def standing(db: Session, me: Me, missing: Sequence[Missing]) -> list[Row]:
    """Each of these pieces with whether its author may be asked; one query more however many."""
    people = whom(db, missing)
    ended: dict[tuple[UUID, UUID], datetime] = {}
    for one in missing:
        at = one.held.practice_id, one.author.member
        ended[at] = max(one.held.clock.ends_at, ended.get(at, one.held.clock.ends_at))
    return [
        Row(
            one,
            people[one.author.member],
            asking(
                wanted_at=reminders.feedback_wanted(
                    ended[one.held.practice_id, one.author.member], people[one.author.member].zone
                ),
                asked=people[one.author.member].asked.get((one.held.triad_id, one.held.number), ()),
                quiet=_quiet(one, people[one.author.member], me),
            ),
        )
        for one in missing
    ]


def _quiet(missing: Missing, whom: Whom, me: Me) -> Quiet | None:
    if missing.author.away:
        return Quiet.AWAY
    if whom.left:
        return Quiet.LEFT
    if whom.person == me.id:
        return Quiet.OWN
    return None if whom.takes else Quiet.OFF


def letters(rows: Sequence[Row], now: datetime) -> list[Letter]:
    """Who is asked now, and for what: one letter a person, whatever else cannot be asked for yet."""
    asked = sorted((row for row in rows if row.asking.may(now)), key=lambda row: row.whom.member)
    return [
        Letter(next(iter(together)).whom, together)
        for _, group in groupby(asked, key=lambda row: row.whom.member)
        if (together := tuple(group))
    ]


def ask(
    db: Session, rows: Sequence[Row], written: Mapping[Key, Written], *, by: Me, now: datetime, new_id: NewId
) -> int | None:
    """Ask for every one of these that may be asked for as this unit finds them: the row, and its letter with it.

    How many people were asked; None, with nothing done, where a letter has yet to be written for what holds now.
    """
    wanted = letters(rows, now)
    if any(one.key not in written for one in wanted):
        return None
    for one in wanted:
        outbox.post(db, written[one.key], now)
        for row in one.rows:
            held = row.missing.held
            nudge = new_id()
            db.add(
                Nudge(id=nudge, triad_id=held.triad_id, round=held.number, author_id=one.whom.member, at=now, by=by.id)
            )
            record(db, id=new_id(), at=now, by=by.id, verb="asked for feedback", cohort_id=held.cohort_id, nudge=nudge)
    return len(wanted)
