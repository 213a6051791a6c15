"""What lies ahead besides the evenings: times offered, extra practice, a question about a swap, a guest."""

from datetime import datetime, timedelta

from sqlalchemy import select

from threefold.availability import actions as availability
from threefold.booking import actions as booking
from threefold.booking import windows
from threefold.booking.actions import Desk
from threefold.core import swaps as swap_rules
from threefold.core.availability import How, Painted
from threefold.core.booking import IfTwo
from threefold.core.guests import Invitation
from threefold.core.slots import SessionShape
from threefold.core.window import Opening, Room, Way
from threefold.demo.people import as_themselves
from threefold.demo.term import HELD, ZONE, Begun, Term, evenings
from threefold.guests import actions as guests
from threefold.guests import encounters
from threefold.guests.queries import invited
from threefold.guests.telling import digest_of, link_letter
from threefold.mail.letters import Postroom
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, value
from threefold.store.tables import Guest, Person, PracticeSession
from threefold.store.within import AtPractice, Within
from threefold.swaps import actions as swaps
from threefold.swaps.picture import look, with_time
from threefold.web.security import Keys
from threefold.web.templates import environment

UNSAID = {"Farid Rahimi", "Léa Moreau", "Mira Shah"}  # who has not said yet when they are free
# Who booked the two times of extra practice, and how many hours ago: a triad with a seat that waits, and a full one.
BOOKED = ({"Ben Hughes": 30, "Esther Cohen": 20}, {"Dev Mehta": 46, "Grace Liu": 44, "Hanna Kaya": 16})
ASKS = "Hanna Kaya"
SWAP_WORDS = "No trouble at all if it doesn’t suit you."
GUEST = "Ruth Lindqvist"
BRIEF = (
    "You have started a new job, and miss the people of the old one. Let them find out how you feel about it; "
    "you need not know yourself."
)
HOURS = range(7, 24)


def say_when_free(at: Begun, term: Term) -> None:
    """Most trainees have painted their usual week; the evening of the class is free for all of them."""
    own = term.sessions[0].starts_at.weekday()
    for number, person in enumerate(each for each in term.trainees if each.name not in UNSAID):
        days: list[dict[int, How]] = [{} for _ in range(7)]
        for day in (own, (own + 2) % 7, (own + 3 + number % 2) % 7):
            days[day] = dict.fromkeys(range(17, 24 if day == own else 22), How.FREE)
        days[(own + 1 + number % 3) % 7].update(dict.fromkeys(range(12, 14 + number % 2), How.IF_NEEDED))
        painted = Painted(HOURS, tuple(days))
        availability.keep_week(at.db, as_themselves(person, at.since), painted, 0, zone=ZONE, now=at.since)


def open_extra_practice(at: Begun, term: Term) -> None:
    """Two times: at one a triad has a seat that waits, at the other one is full."""
    cohort, opened = value(CohortRow, term.cohort), at.now - timedelta(days=2)
    first = evenings(at.now)[0] + timedelta(weeks=HELD)
    starts = datetime.combine(first, datetime.min.time()).replace(hour=17, minute=30)
    opening = Opening(
        way=Way.JOINED,
        times=tuple(starts + timedelta(days=days) for days in (2, 9)),
        minutes=110,
        shape=SessionShape(3, 20, 10, 10, 10),
        place="Elm House",
        link="",
        rooms=(Room("Room 2", 4, ("step_free",)), Room("Room 3", 4, ("quiet",))),
        at_once=2,
        most_each=2,
        if_two=IfTwo.GO_AHEAD,
        steps_out_until=2,
        closes_at=None,
    )
    window = at.new_id()
    tutor = term.tutors[0]
    windows.open_(at.db, Desk(cohort, at.settings.mail_domain, tutor.id, opened, at.new_id), window, opening)
    times = select(PracticeSession).where(PracticeSession.window_id == window).order_by(PracticeSession.starts_at)
    by_name = {person.name: person for person in term.trainees}
    for time, who in zip(at.db.scalars(times).all(), BOOKED, strict=True):
        for name, hours in who.items():
            here = AtPractice(cohort, value(MembershipRow, term.member(by_name[name])), value(PracticeRow, time))
            desk = Desk(cohort, at.settings.mail_domain, by_name[name].id, at.now - timedelta(hours=hours), at.new_id)
            booking.wherever(at.db, desk, here)


def ask_about_a_swap(at: Begun, term: Term, asked: Person) -> None:
    """Somebody who booked extra practice asks this person to take their place."""
    asked_at, to = at.now - timedelta(hours=3), str(term.member(asked).id)
    asker = next(person for person in term.trainees if person.name == ASKS)
    picture = look(at.db, value(CohortRow, term.cohort), asked_at)
    term_of = {practice.id for practice in term.sessions}
    place = next(
        each for each in picture.standing.places_of[str(term.member(asker).id)] if each.practice not in term_of
    )
    picture = with_time(at.db, picture, place)
    # The page offers the best few; this time it is to be this one of those who could.
    others = picture.standing.people - {to}
    notice = picture.cohort.notice_hours
    ways = swap_rules.ways(picture.standing, place.seat, notice_hours=notice, now=asked_at, not_these=others)
    way = next(iter(ways), None)
    me = as_themselves(asker, at.since)
    swaps.ask(at.db, picture, place, way, SWAP_WORDS, by=me, now=asked_at, new_id=at.new_id)


def invite_a_guest(at: Begun, term: Term) -> None:
    """Somebody from outside is asked to be the client of one round in three weeks; their link lies in the outbox."""
    tutor, practice = term.tutors[0], term.sessions[HELD + 3]
    me, now = as_themselves(tutor, at.since), at.now - timedelta(days=1)
    within = Within(value(CohortRow, term.cohort), value(MembershipRow, term.member(tutor)))
    id_ = at.new_id()
    who = Invitation(GUEST, "ruth.lindqvist@example.com", term.sessions[-1].ends_at)
    digest = digest_of(Keys(at.settings.secret), id_, now)
    guests.invite(at.db, within, who=who, most_a_day=2, id=id_, digest=digest, by=me, now=now, new_id=at.new_id)
    wanted = encounters.choices(at.db, within.cohort, practice.id, now)[:1]
    guest = at.db.get_one(Guest, id_)
    guests.ask(at.db, within, guest, wanted, BRIEF, knowing=(), by=me, now=now, new_id=at.new_id)
    later, until = now + timedelta(minutes=2), who.until
    keys, postroom = Keys(at.settings.secret), Postroom(at.settings, environment())
    (seen,) = invited(at.db, within.cohort.id, id_)
    letter = link_letter(postroom, keys, seen, within.cohort, sender=tutor.name, until=until, id=at.new_id(), now=later)
    digest = digest_of(keys, id_, later)
    guests.send_link(at.db, guest, letter, digest=digest, until=until, by=me, now=later, new_id=at.new_id)
