"""The last evening that was held, as its board kept it: who came when, a correction, and how it worked for them."""

from collections.abc import Mapping
from datetime import timedelta

from threefold.core.happened import Presence, Step
from threefold.core.session_rating import QUESTIONS, Answer
from threefold.day import actions as day
from threefold.day.correcting import correct
from threefold.demo.people import as_themselves
from threefold.demo.term import Begun, Term
from threefold.ratings import actions as ratings
from threefold.store.happened import noted_of
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, value
from threefold.store.tables import PracticeSession, Seat, Triad
from threefold.store.within import AtPractice, InTriad

LATE, LATE_BY = "Ioan Popescu", timedelta(minutes=19)
LEFT, LEFT_BEFORE = "Joy Adeyemi", timedelta(minutes=12)  # before the end
SAID: Mapping[str, Mapping[str, Answer]] = {
    name: dict(zip(QUESTIONS, map(Answer, words.split()), strict=True))
    for name, words in {
        "Ben Hughes": "mostly very_much mostly very_much very_much",
        "Chloé Martin": "a_little very_much very_much mostly mostly",
        "Dev Mehta": "mostly mostly a_little very_much mostly",
        "Esther Cohen": "a_little very_much mostly mostly very_much",
        "Grace Liu": "mostly very_much mostly very_much mostly",
        "Hanna Kaya": "very_much mostly a_little mostly mostly",
        "Kit Thomas": "a_little very_much mostly very_much very_much",
        "Priya Nair": "mostly rather_not mostly mostly very_much",
    }.items()
}


def hold_an_evening(at: Begun, term: Term, practice: PracticeSession) -> None:
    """The tutor took the register and put one line of it right; somebody came late, somebody left before the end."""
    tutor = term.tutors[0]
    me, domain = as_themselves(tutor, at.since), at.settings.mail_domain
    here = AtPractice(
        value(CohortRow, term.cohort), value(MembershipRow, term.member(tutor)), value(PracticeRow, practice)
    )
    begins, ends = practice.starts_at, practice.ends_at
    day.be_present(at.db, here, None, Presence.CIRCULATING, by=me, now=begins, new_id=at.new_id)
    comes = {LATE: begins + LATE_BY}
    for person in term.trainees:
        now = comes.get(person.name, begins - timedelta(minutes=4))
        member = term.member(person).id
        day.tick(at.db, here, member, here=True, by=me, domain=domain, now=now, new_id=at.new_id)
    by_name = {person.name: term.member(person).id for person in term.trainees}
    left = ends - LEFT_BEFORE
    day.note_time(at.db, here, by_name[LEFT], "left", left, by=me, now=left, new_id=at.new_id)
    facts = noted_of(at.db, [practice.id])[practice.id].facts
    was = next(fact for fact in facts if fact.scope.member == by_name[LATE])
    earlier = Step(was.scope, was.value, was.from_at - timedelta(minutes=5), was.until_at)
    why = "Ioan was in the building by then; I ticked him once we sat down."
    correct(at.db, here, was.id, earlier, why, by=me, now=ends + timedelta(hours=13), new_id=at.new_id)


def rate_an_evening(at: Begun, term: Term, practice: PracticeSession) -> None:
    """Enough of them said how it worked for the class's pattern to open."""
    sitting = {
        seat.membership_id: (seat, triad)
        for seat, triad in at.db.query(Seat, Triad).join(Triad, Triad.id == Seat.triad_id)
        .filter(Seat.practice_id == practice.id)
    }  # fmt: skip
    for number, person in enumerate(each for each in term.trainees if each.name in SAID):
        seat, triad = sitting[term.member(person).id]
        mine = InTriad(
            value(CohortRow, term.cohort),
            value(MembershipRow, term.member(person)),
            value(PracticeRow, practice),
            value(TriadRow, triad),
            value(SeatRow, seat),
        )
        now = practice.ends_at + timedelta(minutes=3 + 11 * number)
        ratings.rate(at.db, mine, SAID[person.name], now=now)
