"""What tutors may want to look at in one cohort: every round held so far as core looks at it, and what tutors noted."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework
from threefold.core.feedback import Kind
from threefold.core.names import initials, short_names
from threefold.core.noticing import Entry, Piece, Round, people, ratings
from threefold.store.counselled import frameworks
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held, Sent, held_rounds
from threefold.store.rows import CohortRow, PracticeRow, TriadRow, columns, split
from threefold.store.tables import metadata
from threefold.store.within import NotYours, Within


@dataclass(frozen=True)
class Note:
    """What a tutor wrote down, or that they talked; read by tutors alone."""

    about: str
    words: str
    talked_at: datetime | None
    at: datetime
    by: str


@dataclass(frozen=True)
class Member:
    """Somebody in the cohort, as tutors see them here."""

    id: UUID
    name: str
    first: str
    is_tutor: bool
    left: bool
    notes: tuple[Note, ...]

    @property
    def initials(self) -> str:
        return initials(self.name)

    def talked_at(self, about: str) -> datetime | None:
        return max((n.talked_at for n in self.notes if n.about == about and n.talked_at), default=None)


@dataclass(frozen=True)
class Noticed:
    """An entry and whom it is about. `about`: "person" or "ratings"."""

    member: Member
    entry: Entry
    about: str

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(note for note in self.member.notes if note.about == self.about)

    @property
    def talked_at(self) -> datetime | None:
        return self.member.talked_at(self.about)

    @property
    def rests(self) -> bool:
        return self.entry.rests(self.talked_at)


@dataclass(frozen=True)
class Watched:
    """Everything the pages for tutors look at."""

    cohort: CohortRow
    framework: Framework
    rounds: tuple[Round, ...]
    members: Mapping[Hashable, Member]  # by membership
    now: datetime

    @cached_property
    def noticed(self) -> list[Noticed]:
        """People first, then ratings; tutors' own ratings are not held up to them here, nor who has left."""
        found = [(entry, "person") for entry in people(self.rounds, self.now)]
        found += [(entry, "ratings") for entry in ratings(self.rounds)]
        known = ((self.members.get(entry.who), entry, about) for entry, about in found)
        return [Noticed(one, entry, about) for one, entry, about in known if one and not one.is_tutor and not one.left]

    def awake(self, about: str) -> list[Noticed]:
        return [one for one in self.noticed if one.about == about and not one.rests]

    @property
    def resting(self) -> list[Noticed]:
        return [one for one in self.noticed if one.rests]


_triad, _practice, _member, _person, _observation, _conversation = (
    metadata.tables[name]
    for name in ("triad", "practice_session", "membership", "person", "observation", "conversation")
)
_here = split(TriadRow, PracticeRow)
_TRIADS = Prepared(
    select(
        _observation.c.round,
        _observation.c.author_id,
        _observation.c.finished_at,
        *columns(TriadRow, PracticeRow),
    )
    .select_from(_practice)
    .join(_triad, _triad.c.practice_id == _practice.c.id)
    .outerjoin(_observation, and_(_observation.c.triad_id == _triad.c.id, _observation.c.finished_at.is_not(None)))
    .where(
        _practice.c.cohort_id == bindparam("cohort"),
        _practice.c.starts_at <= bindparam("now"),
        _practice.c.cancelled_at.is_(None),
    )
    .order_by(_practice.c.starts_at, _triad.c.number),
    lambda number, author, finished_at, *cells: (number, author, finished_at, *_here(*cells)),
)
_by = _person.alias()
_MEMBERS = Prepared(
    select(
        _member.c.id,
        _person.c.name,
        _member.c.role,
        _member.c.left_at,
        _conversation.c.about,
        _conversation.c.words,
        _conversation.c.talked_at,
        _conversation.c.at,
        _by.c.name,
    )
    .select_from(_member)
    .join(_person, _person.c.id == _member.c.person_id)
    .outerjoin(_conversation, _conversation.c.membership_id == _member.c.id)
    .outerjoin(_by, _by.c.id == _conversation.c.by)
    .where(_member.c.cohort_id == bindparam("cohort"))
    .order_by(_person.c.name, _member.c.id, _conversation.c.at),
    lambda *cells: cells,
)


def watched(db: Session, within: Within, now: datetime) -> Watched:
    """Every round of the cohort that is over, its people, and what tutors noted; six queries at most."""
    cohort = within.cohort
    triads: dict[UUID, tuple[TriadRow, PracticeRow, CohortRow]] = {}
    ready: dict[tuple[UUID, int, UUID], datetime] = {}
    for number, author, finished_at, triad, practice in _TRIADS.all(db, cohort=cohort.id, now=now):
        triads[triad.id] = (triad, practice, cohort)
        if finished_at is not None:
            ready[triad.id, number, author] = finished_at
    rounds = held_rounds(db, list(triads.values()), now)
    key = (cohort.framework_id or "", cohort.framework_version or "")
    known = frameworks(db, {key, *(held.looking.framework for held in rounds)})
    if key not in known:  # its set-up never came so far
        raise NotYours
    looked = (known[held.looking.framework] for held in reversed(rounds) if held.looking.framework in known)
    return Watched(
        cohort,
        known[key].remembering(looked),
        tuple(_round(held, ready) for held in rounds if held.stands and now >= held.clock.ends_at),
        _members(db, cohort.id),
        now,
    )


def _members(db: Session, cohort: UUID) -> dict[Hashable, Member]:
    notes: dict[UUID, list[Note]] = defaultdict(list)
    found: dict[UUID, tuple[str, str, datetime | None]] = {}
    for member, name, role, left_at, about, words, talked_at, at, by in _MEMBERS.all(db, cohort=cohort):
        found[member] = (name, role, left_at)
        if about is not None:
            notes[member].append(Note(about, words, talked_at, at, by))
    first = short_names({member: name for member, (name, _, _) in found.items()})
    return {
        member: Member(member, name, first[member], role == "tutor", left_at is not None, tuple(notes[member]))
        for member, (name, role, left_at) in found.items()
    }


def _round(held: Held, ready: Mapping[tuple[UUID, int, UUID], datetime]) -> Round:
    def pieces(kind: Kind) -> Sequence[Piece]:
        return [
            _piece(sent, ready.get((held.triad_id, held.number, sent.author)))
            for sent in held.pieces
            if sent.kind is kind
        ]

    return Round(
        held.path,
        held.number,
        held.clock.ends_at,
        held.counsellor.member,
        len(held.expected),
        next(iter(pieces(Kind.SELF)), None),
        next(iter(pieces(Kind.CLIENT)), None),
        tuple(pieces(Kind.OBSERVER)),
    )


def _piece(sent: Sent, ready_at: datetime | None) -> Piece:
    return Piece(sent.author, sent.ratings, sent.sent_at, sent.changed_at, sent.skipped_at is not None, ready_at)


_MEMBER: Prepared[UUID] = Prepared(
    select(_member.c.id).where(_member.c.id == bindparam("id"), _member.c.cohort_id == bindparam("cohort")),
    lambda member: member,
)


def member_of(db: Session, within: Within, member: UUID | None) -> UUID:
    """Somebody of this cohort, by their membership. Raises NotYours."""
    found = _MEMBER.one(db, id=member, cohort=within.cohort.id) if member else None
    if found is None:
        raise NotYours
    return found
