"""A plan on its way out: its rows, and every letter with its invitation, checked before anything is saved."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from threefold.core import diary
from threefold.core.grouping import Person as Someone
from threefold.core.invitation import Entry, Method, Step, new_uid, written
from threefold.core.names import first_name
from threefold.core.publication import LaidOut, lay_out
from threefold.core.roles import Role, say_turn
from threefold.core.said import clock, day, plural, weekday
from threefold.core.slots import round_times
from threefold.mail.calendar import check as check_calendar
from threefold.mail.calendar import invitation_bytes
from threefold.mail.letters import Postroom, Unsendable
from threefold.mail.outbox import Written
from threefold.matching import Plan
from threefold.plans.actions import Layout
from threefold.plans.queries import Course, Date, Reader, by_member
from threefold.store.rows import CohortRow


@dataclass(frozen=True)
class Recipient:
    """Who would hear of the plan, and by how many letters."""

    name: str
    email: str
    invitations: int
    takes_feed: bool


@dataclass(frozen=True)
class SeatOut:
    """One person's seat in one session, with all that their letter says of it."""

    id: UUID
    uid: str
    triad_id: UUID
    position: int
    group: LaidOut
    date: Date

    def role(self, number: int, member: Someone) -> Role:
        return self.group.rota[number][member]


def recipients(course: Course, plan: Plan, now: datetime) -> list[Recipient]:
    """Exactly who gets what: one overview each, and an invitation for each session still to come."""
    coming: defaultdict[Someone, int] = defaultdict(int)
    for date, groups in zip(course.dates, plan.sessions, strict=True):
        for group in groups:
            for member in group.members:
                coming[member] += date.starts_at > now
    return [
        Recipient(reader.name, reader.email, 0 if reader.takes_feed else coming[reader.member], reader.takes_feed)
        for reader in course.people
    ]


def prepare(
    postroom: Postroom,
    cohort: CohortRow,
    course: Course,
    plan: Plan,
    *,
    tutor: str,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Layout:
    """Rows and letters of a publication, from a snapshot. Pure but for the templates it reads. Raises Unsendable."""
    laid_out = lay_out(plan.sessions, cohort.shape, cohort.rooms, [reader.member for reader in course.tutors])
    layout = Layout(cohort.version, [], [], [], [])
    seats: dict[Someone, list[SeatOut]] = defaultdict(list)
    for group in laid_out:
        date = course.dates[group.session]
        triad_id = new_id()
        layout.triads.append(
            {
                "id": triad_id,
                "practice_id": date.id,
                "number": group.number,
                "room": group.room,
                "tutor_id": UUID(group.tutor) if group.tutor else None,
            }
        )
        for position, member in enumerate(group.members):
            seat_id = new_id()
            seat = SeatOut(seat_id, new_uid(seat_id, postroom.settings.mail_domain), triad_id, position, group, date)
            seats[member].append(seat)
            layout.seats.append(
                {
                    "id": seat_id,
                    "practice_id": date.id,
                    "triad_id": triad_id,
                    "membership_id": UUID(member),
                    "position": position,
                    "taken_at": now,
                    "uid": seat.uid,
                    "sequence": 0,
                    "invited_at": now,
                }
            )
            layout.turns.extend(
                {"triad_id": triad_id, "round": number, "seat_id": seat_id, "role": roles[member].value}
                for number, roles in enumerate(group.rota, start=1)
            )
    writer = Writer(postroom, cohort, course, tutor, now, new_id)
    for reader in course.people:
        layout.letters.extend(writer.letters(reader, seats[reader.member]))
    return layout


@dataclass(frozen=True)
class Writer:
    """Writes one person's letters: the overview, then an invitation for each session, threaded under it."""

    postroom: Postroom
    cohort: CohortRow
    course: Course
    tutor: str
    now: datetime
    new_id: Callable[[], UUID]

    def letters(self, reader: Reader, seats: list[SeatOut]) -> list[Written]:
        coming = [seat for seat in seats if seat.date.starts_at > self.now]
        if not coming:
            return []
        overview = self._overview(reader, coming)
        if reader.takes_feed:
            return [overview]
        return [overview, *(self._invitation(reader, seat, overview.message_id) for seat in coming)]

    def _overview(self, reader: Reader, seats: list[SeatOut]) -> Written:
        zone = self.cohort.zone
        first, last = seats[0], seats[-1]
        between = f"{_long(first.date.starts_at, zone)} to {_long(last.date.starts_at, zone)}"
        return self.postroom.write(
            "overview",
            id=self.new_id(),
            once=f"overview:{self.cohort.id}:{reader.member}",
            lane=self._lane(reader),
            person_id=reader.person_id,
            cohort_id=self.cohort.id,
            name=reader.name,
            recipient=reader.email,
            subject=f"Your practice sessions, {between}" if len(seats) > 1 else "Your practice session",
            sender_name=f"{self.tutor} via Threefold",
            now=self.now,
            sessions=[(seat.date, self._where(seat), self._with(reader, seat)) for seat in seats],
            same_times=len({clock(s.date.starts_at, zone) + clock(s.date.ends_at, zone) for s in seats}) == 1,
            count=plural(len(seats), weekday(first.date.starts_at, zone)),
            zone=zone,
            tutor=self.tutor,
            takes_feed=reader.takes_feed,
            cohort=self.cohort.name,
        )

    def _invitation(self, reader: Reader, seat: SeatOut, thread: str) -> Written:
        zone, date = self.cohort.zone, seat.date
        times = round_times(date.starts_at, self.cohort.shape, len(seat.group.rota))
        labels = self.cohort.role_labels
        mine = [seat.role(number, reader.member) for number in range(len(seat.group.rota))]
        link = self.postroom.address(f"/practice/{date.id}")
        entry = diary.entry(
            starts_at=date.starts_at,
            ends_at=date.ends_at,
            zone=zone,
            where=self._where(seat),
            link=date.link,
            roles=[(time.starts_at, labels.of(role)) for time, role in zip(times, mine, strict=True)],
            url=link,
        )
        calendar = self._calendar(reader, seat, entry)
        return self.postroom.write(
            "invitation",
            id=self.new_id(),
            once=f"invitation:{seat.uid}:0",
            lane=self._lane(reader),
            person_id=reader.person_id,
            cohort_id=self.cohort.id,
            name=reader.name,
            recipient=reader.email,
            subject=f"{day(date.starts_at, zone)}, {clock(date.starts_at, zone)}: your practice session",
            sender_name=f"{self.tutor} via Threefold",
            now=self.now,
            thread=thread,
            calendar=calendar,
            method=Method.REQUEST.value,
            date=date,
            zone=zone,
            where=self._where(seat),
            partners=self._with(reader, seat),
            rounds=[(time.starts_at, self._said(reader, seat, number)) for number, time in enumerate(times)],
            seat=seat.id,
            link=link,
            tutor=self.tutor,
            cohort=self.cohort.name,
        )

    def _calendar(self, reader: Reader, seat: SeatOut, entry: Entry) -> bytes:
        settings = self.postroom.settings
        invitation = written(
            Step(Method.REQUEST, 0),
            entry,
            uid=seat.uid,
            organizer=(settings.centre, settings.sender),
            attendee=(reader.name, reader.email),
            stamp=self.now,
        )
        content = invitation_bytes(invitation)
        broken = check_calendar(content, Method.REQUEST.value, reader.email)
        if broken:
            raise Unsendable("invitation", tuple(broken))
        return content

    def _said(self, reader: Reader, seat: SeatOut, number: int) -> object:
        roles = seat.group.rota[number]
        names = self.course.names
        others = {
            role: [names[m] for m in seat.group.members if roles[m] is role and m != reader.member] for role in Role
        }
        tutors = by_member(self.course.tutors)
        observers = others[Role.OBSERVER] + ([first_name(tutors[seat.group.tutor].name)] if seat.group.tutor else [])
        return say_turn(
            roles[reader.member],
            self.cohort.role_labels,
            counsellor=next(iter(others[Role.COUNSELLOR]), ""),
            client=next(iter(others[Role.CLIENT]), ""),
            observers=observers,
        )

    def _where(self, seat: SeatOut) -> str:
        return ", ".join(filter(None, (seat.group.room, seat.date.place)))

    def _with(self, reader: Reader, seat: SeatOut) -> list[str]:
        names = self.course.names
        return [names[member] for member in seat.group.members if member != reader.member]

    def _lane(self, reader: Reader) -> str:
        return f"term:{reader.member}"


def _long(value: datetime, zone: str) -> str:
    """8 October"""
    return day(value, zone).partition(" ")[2]
