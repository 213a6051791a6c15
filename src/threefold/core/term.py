"""A term as it stands, beside what each calendar was told of it; from the two follows what has to be said now.

An action changes who sits where, when and as what. Nobody writes "and this letter goes out" beside it: the letters are
the difference between what people were told last and what is so now, so they cannot drift apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import count
from uuid import UUID

from threefold.core import diary
from threefold.core.diary import Shows
from threefold.core.invitation import Entry, Method
from threefold.core.meeting import link_for
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
    KEPT = "time-kept"


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
    """Everything somebody sees of their seat in a practice session.

    `others` are the people they sit with, by membership, and what each is in every round: a name that was put right
    is said from then on, and is no reason for a letter.
    """

    starts_at: datetime
    ends_at: datetime
    zone: str
    where: str
    link: str
    partners: tuple[str, ...]
    rounds: tuple[SaidRound, ...]
    others: tuple[tuple[UUID, tuple[tuple[int, Role], ...]], ...]
    shows: Shows

    @property
    def noticed(self) -> tuple[object, ...]:
        """The same for two exactly when nobody would notice a difference, but for how much a calendar shows."""
        mine = tuple((each.starts_at, each.role, each.word) for each in self.rounds)
        when_and_where = (self.starts_at, self.ends_at, self.zone, self.where, self.link)
        return (*when_and_where, mine, self.others)

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
    """A letter about a seat, as it was written: its numbers, who got it, and what it showed.

    `plain` ones have no part for a calendar: to whoever takes the feed, or is invited some days ahead.
    """

    sequence: int
    method: Method
    recipient: str
    shown: Shown
    due_at: datetime
    plain: bool = False

    @property
    def said(self) -> tuple[object, ...]:
        """The same for two letters to one person that say the same."""
        return self.method, self.recipient, self.plain, self.shown.noticed, self.plain or self.shown.shows


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the cohort.

    `overviews` are the letters with all their dates, as (key of an address, Message-ID): one for each address they
    have had. `written` is how many there ever were; `astray` are those still on their way to an address that is
    theirs no longer.
    """

    id: UUID
    person_id: UUID
    name: str
    email: str
    takes_feed: bool
    shows: Shows
    overviews: tuple[tuple[str, str], ...] = ()
    written: int = 0
    astray: tuple[UUID, ...] = ()
    is_here: bool = True

    def overview_at(self, address: str) -> str:
        """The Message-ID of the overview that this address has, "" where it has none."""
        return dict(self.overviews).get(email_key(address), "")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A practice session still to come."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    cancelled: bool
    shape: SessionShape


@dataclass(frozen=True, slots=True)
class Circle:
    """A triad, quad or pair in one practice session; `tutor` (a membership) observes a pair.

    `guests` are clients from outside: the round, the guest, and what they are called here.
    """

    id: UUID
    practice_id: UUID
    room: str
    tutor: UUID | None
    guests: tuple[tuple[int, UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place, held or given up, with what was written about it.

    `told` is the last letter that may have been read at each address, for an address is a calendar; `heard` is the
    last one without a part for calendars, the overview among them. `waiting` are those that have not been tried,
    oldest first. `sequence` is the highest number ever written for its UID, -1 before the first. `kept` is the number
    of the last invitation whose calendar proposed another time and was told no, -1 where none was.
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
    told: tuple[Told, ...]
    waiting: tuple[Told, ...]
    heard: Told | None = None
    kept: int = -1

    def told_at(self, address: str) -> Told | None:
        """What the calendar of this address was told last."""
        key = email_key(address)
        return next((told for told in self.told if address == told.recipient or key == email_key(told.recipient)), None)


@dataclass(frozen=True)
class Term:
    """The part of a cohort's term that lies ahead. `tutor` is who its letters come from, by name.

    `lately` has the newest letter of each lane that was written in this very moment or, by another clock, after it:
    what is said next in a lane has to come after it.
    """

    cohort_id: UUID
    cohort: str
    zone: str
    labels: RoleLabels
    invites_ahead: int | None
    tutor: str
    members: Mapping[UUID, Member]
    meetings: Mapping[UUID, Meeting]
    circles: Mapping[UUID, Circle]
    seats: tuple[Seat, ...]
    lately: Mapping[str, UUID] = field(default_factory=dict)

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
        times = round_times(meeting.starts_at, meeting.shape, rounds or None)
        visiting = {guest: called for _, guest, called in circle.guests}
        return Shown(
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            zone=self.zone,
            where=", ".join(filter(None, (circle.room, meeting.place))),
            link=link_for(meeting.link, circle.id),
            partners=(*(names[other.member_id] for other in others), *visiting.values()),
            rounds=tuple(
                self._round(times[number - 1], role, _roles_of(others, number, names, circle), circle.tutor)
                for number, role in seat.turns
            ),
            others=(
                *((other.member_id, other.turns) for other in others),
                *(
                    (guest, tuple((number, Role.CLIENT) for number, who, _ in circle.guests if who == guest))
                    for guest in visiting
                ),
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


def _roles_of(others: Sequence[Seat], number: int, names: Mapping[UUID, str], circle: Circle) -> dict[Role, list[str]]:
    """Who is what in one round, by name; a guest is its client."""
    found: dict[Role, list[str]] = {role: [] for role in Role}
    found[Role.CLIENT] += [called for each, _, called in circle.guests if each == number]
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
    plain: bool = False

    @property
    def method(self) -> Method:
        return Method.CANCEL if self.kind is Kind.CANCELLATION else Method.REQUEST

    @property
    def told(self) -> Told:
        """The same once it is written."""
        return Told(self.sequence, self.method, self.recipient, self.shown, self.due_at, self.plain)


@dataclass(frozen=True, slots=True)
class Overview:
    """The letter with all of somebody's dates: (seat, what they see of it), in order of time."""

    member: Member
    sessions: tuple[tuple[UUID, Shown], ...]


@dataclass(frozen=True, slots=True)
class News:
    """What has to be said in a term now.

    `overtaken` are seats whose waiting letters would say what no longer holds, `astray` overviews on their way to an
    address that is nobody's any more. `lapsed` are seats whose holder is expected and whose calendar has let them go:
    nothing can be said of them before they are seats of their own.
    """

    overviews: tuple[Overview, ...]
    notices: tuple[Notice, ...]
    overtaken: tuple[UUID, ...]
    astray: tuple[UUID, ...]
    lapsed: tuple[UUID, ...]


def news(term: Term, now: datetime) -> News:
    """What has to be said so that everybody's letters and calendars agree with the term as it stands."""
    overviews: list[Overview] = []
    notices: list[Notice] = []
    overtaken: list[UUID] = []
    astray: list[UUID] = []
    lapsed: list[UUID] = []
    coming: dict[UUID, list[Seat]] = {}
    for seat in term.seats:
        if term.meeting_of(seat).starts_at > now:
            coming.setdefault(seat.member_id, []).append(seat)
    for member in term.members.values():
        seats = sorted(coming.get(member.id, ()), key=lambda seat: (term.meeting_of(seat).starts_at, seat.id))
        standing = [seat for seat in seats if term.stands(seat)]
        if standing and not member.overview_at(member.email):
            dates = tuple((seat.id, term.shown(seat)) for seat in standing)
            overviews.append(Overview(member, dates))
        astray += member.astray
        lapsed += [seat.id for seat in standing if _let_go(seat.told_at(member.email))]
        for seat in seats:
            wanted = tuple(_wanted(term, seat, member, now))
            if [each.told.said for each in wanted] == [each.said for each in seat.waiting]:
                continue  # it is on its way already
            notices += wanted
            if seat.waiting:
                overtaken.append(seat.id)
    return News(tuple(overviews), tuple(notices), tuple(overtaken), tuple(astray), tuple(lapsed))


def _let_go(told: Told | None) -> bool:
    """Whether a calendar was told to take an entry out. It is not re-opened there: many calendars never do."""
    return told is not None and told.method is Method.CANCEL


def _wanted(term: Term, seat: Seat, member: Member, now: datetime) -> Iterator[Notice]:
    """What this seat's letters have to say after the last one that may have been read."""
    meeting, stands, here = term.meeting_of(seat), term.stands(seat), seat.told_at(member.email)
    numbers = count(seat.sequence + 1)
    hears = seat.heard if here is None else None  # what they know without their calendar
    due_at = min(seat.waiting[0].due_at, now + HOLD) if seat.waiting else now + HOLD
    # Whoever would set out for the old time hears at once, as well as whoever has to set out for the new one.
    known = [told.shown.starts_at for told in (*seat.told, *([hears] if hears else []))]
    soonest = min([meeting.starts_at, *known])
    if soonest - now < SOON or soonest < due_at:
        due_at = now

    def notice(
        kind: Kind, was: Shown | None, shown: Shown, recipient: str, due_at: datetime, *, plain: bool = False
    ) -> Notice:
        number = max(1, next(numbers)) if plain else next(numbers)  # a feed shows the first as 0
        return Notice(kind, seat.id, seat.uid, meeting.id, member, recipient, number, was, shown, due_at, plain)

    for told in seat.told:
        if told.method is Method.REQUEST and not (stands and told is here):
            # An address that was put right may be a stranger's, who is let go at once.
            when = due_at if told is here else now
            yield notice(Kind.CANCELLATION, told.shown, told.shown, told.recipient, when)
    if here is None and hears and not stands and not seat.away and not _let_go(hears):
        yield notice(Kind.CANCELLATION, hears.shown, hears.shown, member.email, due_at, plain=True)
    if not stands or _let_go(here):
        return
    shown = term.shown(seat)
    if here is None:
        if seat.told or (not member.takes_feed and _is_time(term, meeting, now)):
            yield notice(Kind.INVITATION, None, shown, member.email, now)
        elif hears and shown.noticed != hears.shown.noticed:
            yield notice(Kind.CHANGE, hears.shown, shown, member.email, due_at, plain=True)
    elif (shown.noticed, shown.shows) != (here.shown.noticed, here.shown.shows):
        yield notice(Kind.CHANGE, here.shown, shown, member.email, due_at)
    elif here.sequence <= seat.kept:
        yield notice(Kind.KEPT, here.shown, shown, member.email, due_at)


def _is_time(term: Term, meeting: Meeting, now: datetime) -> bool:
    return term.invites_ahead is None or meeting.starts_at - now <= timedelta(days=term.invites_ahead)
