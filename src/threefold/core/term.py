"""A term as it stands, beside what each calendar was told of it; from the two follows what has to be said now.

An action changes who sits where, when and as what. Nobody writes "and this letter goes out" beside it: the letters are
the difference between what people were told last and what is so now, so they cannot drift apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from threefold.core import diary
from threefold.core.diary import Shows
from threefold.core.invitation import Entry, Method
from threefold.core.names import first_name, short_names
from threefold.core.roles import Role, RoleLabels, say_turn
from threefold.core.roster import email_key
from threefold.core.slots import Round, SessionShape, round_times

HOLD = timedelta(minutes=10)  # an edit waits so long for the next, so that one letter tells both
SOON = timedelta(hours=2)  # what begins so soon is told at once
NOBODY_YET = "Your tutor will say who takes the other part"


class Kind(StrEnum):
    """What a letter about one seat says. Named as the templates are."""

    INVITATION = "invitation"
    CHANGE = "change"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class SaidRound:
    """A round as one person reads it; `word` is what this course calls their role."""

    starts_at: datetime
    role: Role
    word: str
    headline: str
    detail: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything somebody sees of their seat in a practice session. Two are equal when nobody would notice."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    where: str
    link: str
    partners: tuple[str, ...]
    rounds: tuple[SaidRound, ...]
    shows: Shows

    def entry(self, url: str) -> Entry:
        """The same as a calendar has it: without anybody's name."""
        return diary.entry(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            zone=self.zone,
            where=self.where,
            link=self.link,
            roles=[(each.starts_at, each.word) for each in self.rounds],
            url=url,
            shows=self.shows,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A letter about a seat, as it was written: its numbers, who got it, and what it showed."""

    sequence: int
    method: Method
    recipient: str
    shown: Shown
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the cohort. `overview` is the Message-ID of the letter with all their dates, "" before it."""

    id: UUID
    person_id: UUID
    name: str
    email: str
    takes_feed: bool
    shows: Shows
    overview: str
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class Meeting:
    """A practice session still to come."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Circle:
    """A triad, quad or pair in one practice session; `tutor` (a membership) observes a pair."""

    id: UUID
    practice_id: UUID
    room: str
    tutor: UUID | None


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place, held or given up, with what was written about it.

    `told` is the last letter that may have reached them, `waiting` those that have not been tried, oldest first.
    `sequence` is the highest number ever written for its UID, -1 before the first.
    """

    id: UUID
    uid: str
    member_id: UUID
    triad_id: UUID
    position: int
    held: bool
    away: bool
    turns: tuple[tuple[int, Role], ...]
    sequence: int
    told: Told | None
    waiting: tuple[Told, ...]


@dataclass(frozen=True)
class Term:
    """The part of a cohort's term that lies ahead. `tutor` is who its letters come from, by name."""

    cohort_id: UUID
    cohort: str
    zone: str
    shape: SessionShape
    labels: RoleLabels
    invites_ahead: int | None
    tutor: str
    members: Mapping[UUID, Member]
    meetings: Mapping[UUID, Meeting]
    circles: Mapping[UUID, Circle]
    seats: tuple[Seat, ...]

    @cached_property
    def seats_in(self) -> dict[UUID, tuple[Seat, ...]]:
        """The seats still held, by triad, in the order they take the counsellor's place."""
        found: dict[UUID, list[Seat]] = {}
        for seat in sorted(self.seats, key=lambda seat: seat.position):
            if seat.held:
                found.setdefault(seat.triad_id, []).append(seat)
        return {triad: tuple(seats) for triad, seats in found.items()}

    def meeting_of(self, seat: Seat) -> Meeting:
        return self.meetings[self.circles[seat.triad_id].practice_id]

    def stands(self, seat: Seat) -> bool:
        """Whether this person is expected at this session."""
        return (
            seat.held and not seat.away and not self.meeting_of(seat).cancelled and self.members[seat.member_id].is_here
        )

    def shown(self, seat: Seat) -> Shown:
        """What this seat's member sees of it now."""
        circle, meeting, member = self.circles[seat.triad_id], self.meeting_of(seat), self.members[seat.member_id]
        others = [other for other in self.seats_in.get(seat.triad_id, ()) if other.id != seat.id]
        # Told apart within the group alone: a namesake elsewhere must not send everybody a letter.
        together = [self.members[each.member_id] for each in (seat, *others)]
        names = short_names({each.id: each.name for each in together})
        rounds = max((number for each in (seat, *others) for number, _ in each.turns), default=0)
        times = round_times(meeting.starts_at, self.shape, rounds or None)
        return Shown(
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            zone=self.zone,
            where=", ".join(filter(None, (circle.room, meeting.place))),
            link=meeting.link,
            partners=tuple(names[other.member_id] for other in others),
            rounds=tuple(
                self._round(times[number - 1], role, _roles_of(others, number, names), circle.tutor)
                for number, role in seat.turns
            ),
            shows=member.shows,
        )

    def _round(self, time: Round, mine: Role, others: Mapping[Role, list[str]], tutor: UUID | None) -> SaidRound:
        watching = [first_name(self.members[tutor].name)] if tutor and tutor in self.members else []
        said = say_turn(
            mine,
            self.labels,
            counsellor=next(iter(others[Role.COUNSELLOR]), ""),
            client=next(iter(others[Role.CLIENT]), ""),
            observers=[*others[Role.OBSERVER], *watching],
        )
        missing = any(not others[role] for role in (Role.COUNSELLOR, Role.CLIENT) if role is not mine)
        detail = NOBODY_YET if missing else said.detail
        return SaidRound(time.starts_at, mine, self.labels.of(mine), said.headline, detail)


def _roles_of(others: Sequence[Seat], number: int, names: Mapping[UUID, str]) -> dict[Role, list[str]]:
    """Who is what in one round, by name."""
    found: dict[Role, list[str]] = {role: [] for role in Role}
    for other in others:
        for each, role in other.turns:
            if each == number:
                found[role].append(names[other.member_id])
    return found


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter about one seat that has to be written. `was` is what they were told last, None for an invitation.

    `recipient` is the old address where a mistyped one was corrected: its calendar lets the entry go.
    """

    kind: Kind
    seat_id: UUID
    uid: str
    practice_id: UUID
    member: Member
    recipient: str
    sequence: int
    was: Shown | None
    shown: Shown
    due_at: datetime

    @property
    def method(self) -> Method:
        return Method.CANCEL if self.kind is Kind.CANCELLATION else Method.REQUEST


@dataclass(frozen=True, slots=True)
class Overview:
    """The letter with all of somebody's dates: (practice session, what they see of it), in order of time."""

    member: Member
    sessions: tuple[tuple[UUID, Shown], ...]


@dataclass(frozen=True, slots=True)
class News:
    """What has to be said in a term now, and the seats whose waiting letters would say what no longer holds."""

    overviews: tuple[Overview, ...]
    notices: tuple[Notice, ...]
    overtaken: tuple[UUID, ...]


def news(term: Term, now: datetime) -> News:
    """What has to be said so that everybody's letters and calendars agree with the term as it stands."""
    overviews: list[Overview] = []
    notices: list[Notice] = []
    overtaken: list[UUID] = []
    coming: dict[UUID, list[Seat]] = {}
    for seat in term.seats:
        if term.meeting_of(seat).starts_at > now:
            coming.setdefault(seat.member_id, []).append(seat)
    for member in term.members.values():
        seats = sorted(coming.get(member.id, ()), key=lambda seat: (term.meeting_of(seat).starts_at, seat.id))
        standing = [seat for seat in seats if term.stands(seat)]
        if standing and not member.overview:
            dates = tuple((term.meeting_of(seat).id, term.shown(seat)) for seat in standing)
            overviews.append(Overview(member, dates))
        for seat in seats:
            wanted = tuple(_wanted(term, seat, member, now))
            if [_said(notice) for notice in wanted] == [(w.method, w.recipient, w.shown) for w in seat.waiting]:
                continue  # it is on its way already
            notices += wanted
            if seat.waiting:
                overtaken.append(seat.id)
    return News(tuple(overviews), tuple(notices), tuple(overtaken))


def _said(notice: Notice) -> tuple[Method, str, Shown]:
    return notice.method, notice.recipient, notice.shown


def _wanted(term: Term, seat: Seat, member: Member, now: datetime) -> Iterator[Notice]:
    """What this seat's letters have to say after the last one that may have been read."""
    told, meeting, number = seat.told, term.meeting_of(seat), seat.sequence + 1
    due_at = min(seat.waiting[0].due_at, now + HOLD) if seat.waiting else now + HOLD
    if meeting.starts_at - now < SOON or meeting.starts_at < due_at:
        due_at = now

    def notice(kind: Kind, shown: Shown, recipient: str, sequence: int, due_at: datetime) -> Notice:
        was = told.shown if told else None
        return Notice(kind, seat.id, seat.uid, meeting.id, member, recipient, sequence, was, shown, due_at)

    if told is None or told.method is Method.CANCEL:
        # A place that was cancelled is not re-opened: many calendars never do. Held again, it is a seat of its own.
        if told is None and term.stands(seat) and not member.takes_feed and _is_time(term, meeting, now):
            yield notice(Kind.INVITATION, term.shown(seat), member.email, number, now)
        return
    if not term.stands(seat):
        yield notice(Kind.CANCELLATION, told.shown, told.recipient, number, due_at)
        return
    shown = term.shown(seat)
    if email_key(told.recipient) != email_key(member.email):
        yield notice(Kind.CANCELLATION, told.shown, told.recipient, number, now)
        yield notice(Kind.INVITATION, shown, member.email, number + 1, now)
    elif shown != told.shown:
        yield notice(Kind.CHANGE, shown, member.email, number, due_at)


def _is_time(term: Term, meeting: Meeting, now: datetime) -> bool:
    return term.invites_ahead is None or meeting.starts_at - now <= timedelta(days=term.invites_ahead)
