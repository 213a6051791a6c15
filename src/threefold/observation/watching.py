"""A round in front of its observer: who reaches it, what stands on its page, and what a device is told of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.clock.record import RoundClock, round_clock
from threefold.clock.showing import told as told_state
from threefold.clock.showing import told_lengths
from threefold.core import observation as rules
from threefold.core.competency import Competency
from threefold.core.observation import Clock, Note
from threefold.core.roles import Role
from threefold.observation import actions, queries
from threefold.observation.record import Record
from threefold.store.rounds import Held, looked_for, of_round
from threefold.store.sessions import Me
from threefold.store.within import InTriad, NotYours
from threefold.web.access import triad_for
from threefold.web.visit import Visit

ROUND = "/observation/{triad_id:uuid}/{number:int}"


@dataclass(frozen=True)
class Watching:
    """A round in front of its observer. `others`: what else the term looks for, beside what is asked for today."""

    within: InTriad
    held: Held
    asked: tuple[Competency, ...]
    others: tuple[Competency, ...]
    record: Record
    now: datetime
    shared: RoundClock
    focus: str = ""

    @property
    def member(self) -> UUID:
        return self.within.membership.id

    @property
    def path(self) -> str:
        return f"/observation/{self.held.triad_id}/{self.held.number}"

    @property
    def about(self) -> str:
        return self.held.counsellor.first

    @property
    def clock(self) -> Clock:
        return rules.clock(self.held.clock, self.record.started_at, self.shared.practice)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in (*self.asked, *self.others))

    @property
    def closed(self) -> str:
        """Why nothing more is taken here, or ""."""
        return rules.closed(
            cancelled=self.within.practice.cancelled_at is not None,
            is_on=self.held.is_on,
            opened=self.held.opened_at is not None and self.held.piece_of(self.member) is not None,
            about=self.about,
        )

    @property
    def is_early(self) -> bool:
        return not rules.may_open(self.held.starts_at, self.now)

    @property
    def counts(self) -> Counter[str | None]:
        return Counter(note.code for note in self.record.shown)

    @property
    def blank(self) -> Note:
        """What a line looks like before anything is in it."""
        return Note(self.member, 0, None, None, "", quoted=False, edition=0, noted_at=self.now)

    def label(self, note: Note) -> str:
        return labels(self).get(note.code or "", "Noted")

    def time(self, seconds: int) -> str:
        return rules.said(seconds)

    def percent(self, now: datetime) -> str:
        """How much of the round has gone."""
        whole = self.clock.minutes * 60
        return f"{100 * (whole - self.clock.seconds_left(now)) / whole if whole else 0:.1f}"


def watching(visit: Visit, triad_id: UUID, number: int) -> Callable[[Session, Me], Watching]:
    """A round for whoever observes it, or for a tutor of the cohort who drops in; nobody else (NotYours)."""

    def work(db: Session, me: Me) -> Watching:
        within = triad_for(db, me, triad_id)
        held = of_round(db, within, number, visit.now)
        party = held.party(within.membership.id)
        observes = party is not None and party.role is Role.OBSERVER and not party.away
        if not observes and (party is not None or not within.is_tutor):
            raise NotYours
        framework, asked = looked_for(db, held)
        codes = {one.code for one in asked}
        others = [framework.of(code) for code in held.looking.codes if code not in codes]
        record = queries.record_of(db, held, within.membership.id)
        shared = round_clock(db, within, number, visit.now)
        return Watching(within, held, asked, tuple(one for one in others if one is not None), record, visit.now, shared)

    return work


def taking(
    visit: Visit,
    triad_id: UUID,
    number: int,
    new: Callable[[Watching], Sequence[Note]],
    pressed: datetime | None = None,
) -> Callable[[Session, Me], tuple[Watching, rules.Taken]]:
    """Take what `new` makes of the round as it stands; nothing of a round that is closed or too early."""

    def work(db: Session, me: Me) -> tuple[Watching, rules.Taken]:
        page = watching(visit, triad_id, number)(db, me)
        notes = new(page)
        if page.closed or page.is_early:
            return page, rules.Taken((), {note.id: page.closed for note in notes})
        record, taken = actions.take(
            db, page.held, page.member, page.record, notes, page.codes, pressed=pressed, now=visit.now
        )
        return replace(page, record=record), taken

    return work


def labels(page: Watching) -> dict[str, str]:
    return {one.code: one.short for one in (*page.asked, *page.others)}


def state(page: Watching) -> dict[str, Any]:
    """What a device needs to know of a round. Moments are milliseconds since 1970."""
    return {
        "member": str(page.member),
        "path": page.path,
        "title": f"Round {page.held.number}, {page.about}",
        "now": milliseconds(page.now),
        "planned": milliseconds(page.held.clock.starts_at),
        "minutes": rules.clock(page.held.clock, None).minutes,
        "started": milliseconds(page.record.started_at) if page.record.started_at else None,
        "shared": {
            "path": f"/practice/{page.shared.practice_id}/clock",
            "group": str(page.shared.group),
            "round": page.shared.round,
            "phases": told_lengths(page.shared.phases),
            "state": told_state(page.shared.state),
        },
        "closed": page.closed,
        "notes": [
            {
                "id": str(note.id),
                "seconds": note.seconds,
                "code": note.code,
                "effect": note.effect,
                "words": "" if note.removed_at else note.words,
                "quoted": note.quoted,
                "edition": note.edition,
                "noted": milliseconds(note.noted_at),
                "removed": milliseconds(note.removed_at) if note.removed_at else None,
            }
            for note in page.record.notes
        ],
    }


def moment(since_1970: int) -> datetime:
    return datetime.fromtimestamp(since_1970 / 1000, UTC)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
