"""Whoever books changes one session, and what everybody has to hear is found by looking at that session alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.booking.test_booking import NEXT, TUESDAY, triad_of, waiting_letters
from tests.builders import Class, a_cohort, all_told, extra_practice
from tests.house import House
from threefold.core.term import Term
from threefold.store.tables import PracticeSession
from threefold.store.terms import term_ahead


async def terms(house: House, made: Class, only: UUID) -> tuple[Term, Term]:
    """What lies ahead of a cohort: all of it, and the part that is one session."""

    def work(db: Session) -> tuple[Term, Term]:
        whole, part = (term_ahead(db, made.cohort, house.now, only=each) for each in (None, only))
        assert whole
        assert part
        return whole, part

    return await house.store.read(work)


async def test_one_session_is_read_as_the_whole_term_has_it_and_nothing_else(house: House) -> None:
    made = await a_cohort(house.store, trainees=7)
    await all_told(house.store, made.cohort)
    extra = await extra_practice(house.store, made, TUESDAY, NEXT)
    first, second, third = [await house.as_(person) for person in made.people[:3]]
    await first.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    await second.send_form(f"/triads/{triad}/seats")
    await third.send_form(f"/practice/{extra.times[1]}/triads")
    planned = await house.store.read(
        lambda db: db.scalars(
            select(PracticeSession.id).where(PracticeSession.window_id.is_(None), PracticeSession.starts_at > house.now)
        ).all()
    )
    assert len(planned) > 1
    for practice, people in ((extra.times[0], made.members[:2]), (planned[0], made.members)):
        whole, part = await terms(house, made, practice)
        assert part.meetings == {practice: whole.meetings[practice]}
        assert part.circles == {id_: one for id_, one in whole.circles.items() if one.practice_id == practice}
        assert part.seats == tuple(seat for seat in whole.seats if whole.meeting_of(seat).id == practice)
        assert part.members == {each: whole.members[each] for each in part.members}
        assert set(part.members) == {*people, *made.tutor_members}
        assert (part.tutor, part.zone, part.labels) == (whole.tutor, whole.zone, whole.labels)
        assert len(whole.seats) > len(part.seats) > 0


async def test_whoever_was_never_sent_their_dates_gets_all_of_them_with_a_booking(house: House) -> None:
    made = await a_cohort(house.store)
    extra = await extra_practice(house.store, made, TUESDAY)
    amara = await house.as_(made.people[0])
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    letters = [each for each in await waiting_letters(house) if each.person_id == made.people[0]]
    (overview,) = [each for each in letters if each.kind == "overview"]
    ahead: list[datetime] = await house.store.read(
        lambda db: list(
            db.scalars(
                select(PracticeSession.starts_at)
                .where(PracticeSession.cohort_id == made.cohort, PracticeSession.starts_at > house.now)
                .order_by(PracticeSession.starts_at)
            )
        )
    )
    assert overview.shows is not None
    shown = sorted(datetime.fromisoformat(each["starts_at"]) for each in overview.shows.values())
    assert shown == ahead
    assert len(ahead) > 2
