"""Terms as they go: published, moved, swapped, called off, left and joined again, through the real actions and the real
letters, and what is wrong with them in the end. The tests and the benchmark live them.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import NAMES, an_id
from tests.house import settings_for
from tests.mail.calendars import READERS, YEARS, ZONES, Event, Shelf, another_program, by_icalendar, opened
from threefold.cohorts import members
from threefold.core.contract import PRIVACY_VERSION
from threefold.core.diary import Shows
from threefold.core.grouping import Group
from threefold.core.meeting import When, when
from threefold.core.publication import lay_out
from threefold.core.refusal import Refusal
from threefold.core.roster import email_key
from threefold.core.slots import moment
from threefold.core.term import news
from threefold.mail import notices
from threefold.mail.claims import _IN_LANES, LEASE, Claimed, _first_of
from threefold.mail.courier import BACK_OFF
from threefold.mail.letters import Postroom
from threefold.mail.message import check_message
from threefold.mail.notices import Pile, tell, with_letters
from threefold.mail.outbox import Written, message_id
from threefold.matching import Plan, Remainder
from threefold.matching.problem import shape
from threefold.plans import actions as plans
from threefold.plans import publication
from threefold.plans.queries import course
from threefold.practice import actions, changing
from threefold.store.engine import Store
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, value
from threefold.store.sessions import Me
from threefold.store.tables import (
    Away,
    Cohort,
    Letter,
    Membership,
    Person,
    PlanDraft,
    PracticeSession,
    Seat,
    Staff,
    Triad,
    Turn,
    Withdrawal,
)
from threefold.store.terms import term_ahead
from threefold.store.within import AtPractice, InTriad, Within
from threefold.web.ids import Ids
from threefold.web.templates import environment

HISTORIES = 300
CLOCKS = (time(1, 30), time(2, 15), time(9, 0), time(18, 30), time(18, 30), time(23, 45))
Works = Callable[[Session, Ids], object]


def days_of_change(zone: str) -> list[date]:
    """Every day from 2026 to 2030 on which this zone's clocks change."""
    days = [date(YEARS[0], 1, 1) + timedelta(days=n) for n in range(366 * len(YEARS)) if n < 365 * 5 + 1]
    noon = {day: datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset() for day in days}
    return [day for before, day in pairwise(days) if noon[before] != noon[day]]


def in_every_week() -> list[tuple[str, date]]:
    """Each zone with each week in which the clocks of any of them change; its own day of change where it has one."""
    own = {zone: {day.isocalendar()[:2]: day for day in days_of_change(zone)} for zone in ZONES}
    weeks: dict[tuple[int, int], date] = {}
    for days in own.values():
        weeks |= days
    return [(zone, own[zone].get(week, weeks[week])) for week in sorted(weeks) for zone in ZONES]


def three_hundred() -> list[tuple[str, date]]:
    """Each zone in each week of its own, every week and every zone often, the rest by chance."""
    every, own = in_every_week(), {zone: set(days_of_change(zone)) for zone in ZONES}
    first = [each for each in every if each[1] in own[each[0]]]
    others = [each for each in every if each[1] not in own[each[0]]]
    return Random(1).sample([*first, *Random(300).sample(others, HISTORIES - len(first))], HISTORIES)


def one_in_each_zone() -> list[tuple[str, date]]:
    days = dict(three_hundred())
    return [(zone, days[zone]) for zone in ZONES]


class CalendarPart(Postroom):
    """Writes the calendar part of a letter and leaves the mail around it out, which is most of the work of it."""

    def write(self, template: str, **given: Any) -> Written:
        taken = ("id", "once", "lane", "person_id", "cohort_id", "recipient", "subject")
        return Written(
            kind=template,
            message=given.get("calendar") or b"",
            message_id=message_id(given["id"], self.settings.mail_domain),
            due_at=given.get("due_at") or given["now"],
            expires_at=given.get("expires_at"),
            about=given.get("about"),
            **{name: given[name] for name in taken},
        )


@dataclass
class Sent:
    kind: str
    message_id: str
    thread: tuple[str, ...]


@dataclass
class History:
    """One cohort's term. `chance` decides everything that happens in it."""

    store: Store
    number: int
    zone: str
    day: date
    postroom: Postroom
    is_whole: bool
    readers: tuple[str, ...] = ()
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    done: list[str] = field(default_factory=list)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    letters: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    addresses: dict[UUID, list[str]] = field(default_factory=dict)
    with_courier: dict[UUID, Claimed] = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = Random(f"{self.number} {self.zone} {self.day}")
        self.cohort, self.tutor, self.tutor_member = an_id(), an_id(), an_id()

    # --- what it begins with ------------------------------------------------------------------------------------

    def begin(self, db: Session) -> None:
        """A cohort with a plan, not published: three or four sessions, one of them in the week of the change."""
        chance, zone = self.chance, self.zone
        middle = moment(datetime.combine(self.day + timedelta(days=chance.randint(-2, 1)), chance.choice(CLOCKS)), zone)
        weeks = range(-1, chance.choice((2, 2, 3)))
        begins = [middle[0] + timedelta(weeks=week) for week in weeks]
        self.now = begins[0] - timedelta(days=chance.randint(3, 12), minutes=chance.randint(0, 600))
        people = [self._person(db, name) for name in chance.sample(NAMES, chance.choice((4, 4, 5, 6, 7)))]
        self._person(db, "Marion Shaw", self.tutor)
        db.add(Staff(person_id=self.tutor, since=self.now, by=None))
        db.add(
            Cohort(
                id=self.cohort, name="Level 3", version=1, zone=zone, skip=[], place="Elm House", link="", rooms=[],
                rounds=3, practice_minutes=20, feedback_minutes=10, opening_minutes=15, closing_minutes=15,
                competencies=[], labels={}, remainder="quads", safeguarding_lead="", contract="", contract_version=1,
                created_at=self.now, created_by=self.tutor, invites_ahead=chance.choice((None, None, 3, 8)),
            )
        )  # fmt: skip
        db.flush()
        for person, role in ((self.tutor, "tutor"), *((person, "trainee") for person in people)):
            db.add(
                Membership(
                    id=self.tutor_member if role == "tutor" else an_id(), cohort_id=self.cohort, person_id=person,
                    role=role, joined_at=self.now, joined_by=self.tutor, privacy_version=PRIVACY_VERSION,
                    contract_version=1, accepted_at=self.now,
                )
            )  # fmt: skip
        for number, starts_at in enumerate(begins, start=1):
            ends_at = starts_at + timedelta(minutes=120)
            db.add(
                PracticeSession(
                    id=an_id(), cohort_id=self.cohort, number=number, starts_at=starts_at, ends_at=ends_at,
                    place="Elm House", link="",
                )
            )  # fmt: skip
        db.flush()

    def _person(self, db: Session, name: str, id: UUID | None = None) -> UUID:
        id = id or an_id()
        email = f"{name.split(maxsplit=1)[0].lower()}.{self.number}@example.org"
        self.addresses[id] = [email]
        db.add(
            Person(
                id=id, name=name, email=email, email_key=email_key(email), pronouns="", feed_number=0,
                created_at=self.now,
            )
        )  # fmt: skip
        db.flush()
        return id

    # --- doing something and telling ----------------------------------------------------------------------------

    async def tell(self, work: Works) -> None:
        pile, ids = Pile(self.postroom, self.now, Ids(self.now)), Ids(self.now)

        def unit(db: Session) -> None:
            ids.go_back(0)
            outcome = work(db, ids)
            assert not isinstance(outcome, Refusal), (self.done, outcome)
            tell(db, [self.cohort], pile)

        await with_letters(pile, lambda: self.store.write(unit))

    def within(self, db: Session) -> Within:
        membership = value(MembershipRow, db.get_one(Membership, self.tutor_member))
        return Within(value(CohortRow, db.get_one(Cohort, self.cohort)), membership)

    def at(self, db: Session, practice: UUID) -> AtPractice:
        within = self.within(db)
        row = value(PracticeRow, db.get_one(PracticeSession, practice))
        return AtPractice(within.cohort, within.membership, row)

    def in_seat(self, db: Session, seat: Seat) -> tuple[InTriad, SeatRow, Me]:
        membership = db.get_one(Membership, seat.membership_id)
        at, row = self.at(db, seat.practice_id), value(SeatRow, seat)
        triad = value(TriadRow, db.get_one(Triad, seat.triad_id))
        mine = value(MembershipRow, membership)
        return InTriad(at.cohort, mine, at.practice, triad, row), row, self.me(membership.person_id)

    def me(self, person: UUID) -> Me:
        return Me(person, "", "", None, person, self.now, person == self.tutor, person == self.tutor, False)

    @property
    def by_tutor(self) -> dict[str, Any]:
        return {"by": self.me(self.tutor), "now": self.now}

    # --- what is so, in an order that is the same in every run ---------------------------------------------------

    def here(self, db: Session) -> list[tuple[Membership, Person]]:
        rows = db.execute(
            select(Membership, Person)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.cohort_id == self.cohort, Membership.role == "trainee", Membership.left_at.is_(None))
        )
        return sorted(((row.Membership, row.Person) for row in rows), key=lambda row: self.addresses[row[1].id][0])

    def coming(self, db: Session) -> list[PracticeSession]:
        return list(
            db.scalars(
                select(PracticeSession)
                .where(
                    PracticeSession.cohort_id == self.cohort,
                    PracticeSession.starts_at > self.now,
                    PracticeSession.cancelled_at.is_(None),
                )
                .order_by(PracticeSession.number)
            )
        )

    def seats(self, db: Session, *, away: bool | None = None) -> list[Seat]:
        """Seats held in what is to come; `away` True or False: only those who can't, or can, make it."""
        people = {membership.id: self.addresses[person.id][0] for membership, person in self.here(db)}
        numbers = {practice.id: practice.number for practice in self.coming(db)}
        found = [
            seat
            for seat in db.scalars(select(Seat).where(Seat.practice_id.in_(numbers), Seat.given_up_at.is_(None)))
            if away is None or away == _is_away(db, seat)
        ]
        return sorted(found, key=lambda seat: (numbers[seat.practice_id], people[seat.membership_id]))

    # --- what may happen ----------------------------------------------------------------------------------------

    def publish(self, db: Session) -> Works:
        people = [str(membership.id) for membership, _ in self.here(db)]
        away: dict[UUID, str] = {}
        sessions = []
        for practice in self.coming(db):
            one = self.chance.choice(people) if len(people) > 4 and self.chance.random() < 0.4 else None
            away |= {practice.id: one} if one else {}
            sessions.append(self._grouped([each for each in people if each != one]))

        def work(db: Session, ids: Ids) -> object:
            for practice, one in away.items():
                db.add(Away(practice_id=practice, membership_id=UUID(one), since=self.now, by=self.tutor))
            within = self.within(db)
            row = PlanDraft(
                id=ids(), cohort_id=self.cohort, number=1, cohort_version=within.cohort.version, seed=0, groups=[],
                made_at=self.now, made_by=self.tutor, chosen_at=self.now,
            )  # fmt: skip
            db.add(row)
            db.flush()
            seen, domain = course(db, within), self.postroom.settings.mail_domain
            plan = Plan(tuple(sessions))
            layout = publication.prepare(within.cohort, seen, plan, domain=domain, now=self.now, new_id=ids)
            return plans.publish(db, within, row, layout, new_id=ids, **self.by_tutor)

        return work

    def _grouped(self, people: list[str]) -> tuple[Group, ...]:
        people = self.chance.sample(people, len(people))
        groups = []
        for size in shape(len(people), Remainder.QUADS):
            groups.append(Group(tuple(people[:size]), tutor=size == 2))
            people = people[size:]
        return tuple(groups)

    def _moments(self) -> When | None:
        """Another time near the clock change, on the cohort's own clock."""
        on = self.day + timedelta(days=self.chance.randint(-4, 9))
        minutes, second = self.chance.choice((90, 120, 120)), self.chance.random() < 0.5
        moments = when(on, self.chance.choice(CLOCKS), minutes, self.zone, second=second, now=self.now)
        return None if isinstance(moments, Refusal) else moments

    def move(self, db: Session) -> Works | None:
        practice, moments = self.chance.choice(self.coming(db)), self._moments()
        place = self.chance.choice((practice.place, practice.place, "The Annexe", "Elm House; garden, at the back"))
        link = self.chance.choice((practice.link, practice.link, "https://meet.example.org/elm"))
        if moments is None:
            return None
        id = practice.id
        return lambda db, ids: changing.move(
            db, self.at(db, id), moments, place=place, link=link, rooms={}, new_id=ids, **self.by_tutor
        )

    def reroom(self, db: Session) -> Works | None:
        practice = self.chance.choice(self.coming(db))
        triads = db.scalars(select(Triad.id).where(Triad.practice_id == practice.id).order_by(Triad.number)).all()
        rooms = {self.chance.choice(triads): f"Room {self.chance.randint(1, 3)}"}
        id, stays, place, link = practice.id, When(practice.starts_at, practice.ends_at), practice.place, practice.link
        return lambda db, ids: changing.move(
            db, self.at(db, id), stays, place=place, link=link, rooms=rooms, new_id=ids, **self.by_tutor
        )

    def swap(self, db: Session) -> Works | None:
        practice = self.chance.choice(self.coming(db)).id
        seats = [seat.id for seat in self.seats(db) if seat.practice_id == practice]
        if len(seats) < 2:
            return None
        one, other = self.chance.sample(seats, 2)
        return lambda db, ids: changing.swap(db, self.at(db, practice), one, other, new_id=ids, **self.by_tutor)

    def call_off(self, db: Session) -> Works | None:
        coming = self.coming(db)
        id = self.chance.choice(coming).id
        if len(coming) < 2:
            return None
        return lambda db, ids: changing.call_off(db, self.at(db, id), new_id=ids, **self.by_tutor)

    def add_session(self, db: Session) -> Works | None:
        people, moments, id = [str(membership.id) for membership, _ in self.here(db)], self._moments(), an_id()
        cohort = self.within(db).cohort
        if moments is None or len(self.coming(db)) > 3:
            return None
        groups = lay_out((self._grouped(people),), cohort.shape, cohort.rooms, [str(self.tutor_member)])
        return lambda db, ids: changing.add_session(
            db, self.within(db), moments, groups, id=id, place="Elm House", link="",
            domain=self.postroom.settings.mail_domain, new_id=ids, **self.by_tutor,
        )  # fmt: skip

    def join(self, db: Session) -> Works | None:
        seats, here = self.seats(db), [membership.id for membership, _ in self.here(db)]
        for practice in self.coming(db):
            sitting = {seat.membership_id for seat in seats if seat.practice_id == practice.id}
            triads = db.scalars(select(Triad.id).where(Triad.practice_id == practice.id).order_by(Triad.number)).all()
            if missing := [member for member in here if member not in sitting]:
                id, triad = practice.id, self.chance.choice(triads)
                return lambda db, ids: changing.join(
                    db, self.at(db, id), missing[0], triad,
                    domain=self.postroom.settings.mail_domain, new_id=ids, **self.by_tutor,
                )  # fmt: skip
        return None

    def remove(self, db: Session) -> Works | None:
        here = self.here(db)
        id = self.chance.choice(here)[0].id
        if len(here) < 4:
            return None
        return lambda db, ids: members.remove(
            db, self.within(db), db.get_one(Membership, id), new_id=ids, **self.by_tutor
        )

    def withdraw(self, db: Session) -> Works | None:
        seats = self.seats(db, away=False)
        id = self.chance.choice(seats).id if seats else None

        def work(db: Session, ids: Ids) -> object:
            within, seat, me = self.in_seat(db, db.get_one(Seat, id))
            return actions.withdraw(db, within, seat, by=me, now=self.now, new_id=ids)

        return work if seats else None

    def come_back(self, db: Session) -> Works | None:
        seats = self.seats(db, away=True)
        id = self.chance.choice(seats).id if seats else None

        def work(db: Session, ids: Ids) -> object:
            within, seat, me = self.in_seat(db, db.get_one(Seat, id))
            return actions.come_back(db, within, seat, by=me, now=self.now, new_id=ids)

        return work if seats else None

    def correct(self, db: Session) -> Works | None:
        """A name, an address, or an address that turns out to have been the right one after all."""
        person = self.chance.choice(self.here(db))[1]
        had = self.addresses[person.id]
        fresh = f"{person.name.split()[0].lower()}.new{len(had)}.{self.number}@example.com"
        email = self.chance.choice((person.email, fresh, fresh, had[0]))
        name = self.chance.choice((person.name, person.name, f"{person.name.split()[0]}-Marie Özil"))
        if email not in had:
            had.append(email)
        return lambda db, ids: members.correct(
            db, self.within(db), db.get_one(Person, person.id), name=name, email=email, letter=None, new_id=ids,
            **self.by_tutor,
        )  # fmt: skip

    def quiet(self, db: Session) -> Works | None:
        person = self.chance.choice(self.here(db))[1]
        takes_feed, shows = person.takes_feed_since is not None, Shows(person.calendar_shows)
        if self.chance.random() < 0.3:
            takes_feed = not takes_feed
        else:
            shows = Shows.QUIET if shows is Shows.ROLES else Shows.ROLES
        return lambda db, ids: actions.choose_feed(
            db, takes_feed=takes_feed, shows=shows, by=self.me(person.id), now=self.now, new_id=ids
        )

    # --- time passes, letters leave --------------------------------------------------------------------------------

    async def live(self) -> None:
        """The whole of it, from publication until everything is told."""
        await self.store.write(self.begin)
        chance = self.chance
        await self.happens("publish", self.publish)
        might = (
            *(self.move, self.move, self.reroom, self.swap, self.call_off, self.add_session, self.join, self.remove),
            *(self.withdraw, self.withdraw, self.come_back, self.come_back, self.correct, self.correct, self.quiet),
        )
        for _ in range(chance.randint(6, 9)):
            if chance.random() < 0.6:
                await self.courier()
            minutes = chance.choice((0, 1, 4, 9, 40, 300, 1440, 2 * 1440))
            last = await self.store.read(lambda db: max((each.starts_at for each in self.coming(db)), default=self.now))
            self.now = min(self.now + timedelta(minutes=minutes), max(self.now, last - timedelta(minutes=90)))
            if not await self.store.read(self.coming):
                break
            action = chance.choice(might)
            await self.happens(action.__name__, action)
        for _ in range(2):
            self.now += timedelta(minutes=11)
            await self.happens("nothing more", lambda _: lambda _db, _ids: None)
            await self.courier(all_of_it=True)

    async def happens(self, name: str, action: Callable[[Session], Works | None]) -> None:
        work = await self.store.read(action)
        if work is not None:
            self.done.append(f"{self.now:%d %b %H:%M} {name}")
            await self.tell(work)

    async def courier(self, *, all_of_it: bool = False) -> None:
        """A courier comes by: most letters leave, some are left lying, tried in vain, or taken and not yet told of."""
        self.done.append(f"{self.now:%d %b %H:%M} courier")
        plan = Random(self.chance.random())

        def visit(db: Session) -> list[Claimed]:
            chance, left = Random(plan.random()), []
            for letter in self.with_courier.values():
                left.append(letter)
                _became(db, letter, sent_at=self.now, lease_until=None, tries=letter.tries + 1)
            self.with_courier = {}
            lanes = sorted(set(db.scalars(select(Letter.lane).where(Letter.cohort_id == self.cohort))))
            people = dict(
                db.execute(select(Letter.lane, Person.email).join(Person).where(Letter.lane.in_(lanes))).all()
            )
            for lane, letters in groupby(_IN_LANES.all(db, lanes=lanes), key=attrgetter("lane")):
                due, late = _first_of(letters, self.now)
                for letter in late:
                    _became(db, letter, stopped_at=self.now, trouble="too late")
                fate = "sent" if all_of_it else _fate(chance)
                for letter in due if people[lane] and fate != "left lying" else ():
                    if fate == "with the courier":
                        self.with_courier[letter.id] = letter
                        _became(db, letter, lease_until=self.now + LEASE, leased_by="somebody")
                        break
                    if fate != "in vain":
                        left.append(letter)
                    if fate == "sent":
                        _became(db, letter, sent_at=self.now, tries=letter.tries + 1)
                        continue
                    _became(db, letter, tries=letter.tries + 1, due_at=self.now + BACK_OFF[0])
                    break
            return left

        for letter in await self.store.write(visit):
            self.take(letter)

    def take(self, letter: Claimed) -> None:
        """A letter arrives."""
        data: bytes | None = letter.message or None
        address = email_key(letter.recipient)
        if self.is_whole:
            assert check_message(letter.message) == ()
            mail = opened(letter.message)
            others = {one for person, those in self.addresses.items() for one in those if person != letter.person_id}
            assert mail.recipient == letter.recipient
            assert not [one for one in others if one in mail.words], "a letter names one address"
            if all(sent.message_id != mail.message_id for sent in self.letters[address]):
                self.letters[address].append(Sent(letter.kind, mail.message_id, mail.thread))
            data = mail.calendar
        if data is None:
            return
        self.parts.append(data)
        event = by_icalendar(data)
        for reader in self.readers:
            assert READERS[reader](data) == event, (reader, data.decode())
        self.shelves.setdefault(address, Shelf(address)).take(event, data)

    # --- how it should have ended ----------------------------------------------------------------------------------

    async def wrong(self) -> list[str]:
        """Everything that is not as it should be, at the end."""
        found = [fault for shelf in self.shelves.values() for fault in shelf.faults]
        found += await self.store.read(lambda db: list(self._not_held(db)))
        for address, letters in self.letters.items():
            first = letters[0]
            if first.kind != "overview":
                found.append(f"{address}: begins with {first.kind}")
            found += [
                f"{address}: {each.kind} is not under the overview"
                for each in letters[1:]
                if each.thread != (first.message_id,)
            ]
        return found

    def _not_held(self, db: Session) -> Iterator[str]:
        term = term_ahead(db, self.cohort, self.now)
        assert term is not None
        if news(term, self.now) != notices.NOTHING:
            yield f"there is still something to say: {news(term, self.now)}"
        wanted: dict[str, dict[str, tuple[object, ...]]] = defaultdict(dict)
        must: set[str] = set()
        ahead: set[str] = set()
        for seat, practice, person, expected in self._places(db):
            ahead.add(seat.uid)
            if expected is not None:
                wanted[person.email_key][seat.uid] = expected
                soon = term.invites_ahead is None or practice.starts_at - self.now < timedelta(days=term.invites_ahead)
                if soon and person.takes_feed_since is None:
                    must.add(seat.uid)
        for address, shelf in self.shelves.items():
            held = {uid: _shown(event) for uid, event in shelf.held.items() if uid in ahead}
            for uid, event in held.items():
                if event != wanted[address].get(uid):
                    yield f"{address} holds {event}, not {wanted[address].get(uid)}"
        everywhere = {address: shelf.held for address, shelf in self.shelves.items()}
        for address, places in wanted.items():
            yield from (
                f"{address} lacks {places[uid]}" for uid in places if uid in must - set(everywhere.get(address, {}))
            )

    def _places(self, db: Session) -> Iterator[tuple[Seat, PracticeSession, Person, tuple[object, ...] | None]]:
        """Every seat there ever was in what lies ahead, and what its holder's calendar should show of it, if anything:
        reckoned here once more, by nothing that the letters are made with.
        """
        zone = ZoneInfo(self.zone)
        rows = db.execute(
            select(Seat, PracticeSession, Triad, Membership, Person, Withdrawal)
            .join(PracticeSession, PracticeSession.id == Seat.practice_id)
            .join(Triad, Triad.id == Seat.triad_id)
            .join(Membership, Membership.id == Seat.membership_id)
            .join(Person, Person.id == Membership.person_id)
            .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
            .where(PracticeSession.cohort_id == self.cohort, PracticeSession.starts_at > self.now)
        ).all()
        turns: dict[UUID, list[Turn]] = defaultdict(list)
        rounds: dict[UUID, int] = defaultdict(int)
        held = {seat.id for seat, *_ in rows if not seat.given_up_at}
        for turn in db.scalars(select(Turn).where(Turn.seat_id.in_(held)).order_by(Turn.round)):
            turns[turn.seat_id].append(turn)
            rounds[turn.triad_id] = max(rounds[turn.triad_id], turn.round)
        for seat, practice, triad, membership, person, away in rows:
            if seat.given_up_at or membership.left_at or practice.cancelled_at or (away and not away.taken_back_at):
                yield seat, practice, person, None
                continue
            each = 22 if rounds[triad.id] == 4 else 30  # four rounds share the ninety minutes of three
            begins = [practice.starts_at + timedelta(minutes=15 + each * (turn.round - 1)) for turn in turns[seat.id]]
            roles = [
                f"{at.astimezone(zone):%H:%M} {turn.role}" for at, turn in zip(begins, turns[seat.id], strict=True)
            ]
            where = ", ".join(filter(None, (triad.room, practice.place)))
            lines = () if person.calendar_shows == "quiet" else tuple(roles)
            yield seat, practice, person, (practice.starts_at, practice.ends_at, where, lines, "Practice session")


def _is_away(db: Session, seat: Seat) -> bool:
    said = db.get(Withdrawal, seat.id)
    return said is not None and said.taken_back_at is None


def _shown(event: Event) -> tuple[object, ...]:
    """What a calendar shows: when, where, the roles one line each, the title."""
    lines = tuple(line for line in event.said.splitlines() if line[:2].isdigit() and line[2] == ":")
    return event.starts_at, event.ends_at, event.where, lines, event.title


def _fate(chance: Random) -> str:
    fates = ("sent", "left lying", "with the courier", "in vain", "taken, not told")
    return chance.choices(fates, (75, 8, 7, 5, 5))[0]


def _became(db: Session, letter: Claimed, **values: object) -> None:
    db.execute(update(Letter).where(Letter.id == letter.id).values(**values))


async def lives(
    store: Store, folder: Path, which: list[tuple[str, date]], *, whole: int, vobject: int, ics: int
) -> AsyncIterator[tuple[History, list[str]]]:
    """These histories, each with everything that is wrong with it.

    Each `whole`th has whole letters; each `vobject`th and `ics`th is read by those as well, which take their time.
    """
    settings = settings_for(folder)
    rooms = {True: Postroom(settings, environment()), False: CalendarPart(settings, environment())}
    for number, (zone, day) in enumerate(which):
        another_program()
        is_whole = number % whole == 0
        slow = (("vobject", vobject), ("ics", ics), ("recurring-ical-events", 2))
        readers = tuple(name for name, each in slow if number % each == 0)
        history = History(store, number, zone, day, rooms[is_whole], is_whole, readers)
        try:
            await history.live()
        except AssertionError as fault:
            yield history, [str(fault)]
        else:
            yield history, await history.wrong()
