"""What the clerk writes, and when: each reminder once, none to people who are done, out or past."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.builders import BEFORE, Class, a_cohort, all_told, an_id
from tests.house import House
from threefold.clerk import Clerk
from threefold.store.tables import Cohort, Letter, Person, Piece, PracticeSession, Wish, Withdrawal

EARLY = datetime(2026, 10, 6, 8, 0, tzinfo=UTC)  # 9:00 in London, two days before the second session


@pytest.fixture
async def made(house: House) -> Class:
    made = await a_cohort(house.store)
    await all_told(house.store, made.cohort)
    return made


def text_of(letter: Letter) -> str:
    body = message_from_bytes(letter.message, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def written(house: House, at: datetime, *, digests: bool = False) -> list[tuple[str, Any]]:
    """What a clerk writes at a moment, as (kind, whom); tutors' digests are a story of their own."""
    house.now = at
    before = set(await house.store.read(lambda db: db.scalars(select(Letter.id)).all()))
    clerk = Clerk(house.store, house.app.state["house"].postroom, clock=lambda: at)
    await clerk.round()
    rows = await house.store.read(
        lambda db: db.execute(select(Letter.kind, Letter.person_id).where(Letter.id.not_in(before))).all()
    )
    return [(row.kind, row.person_id) for row in rows if (row.kind == "tutor-digest") == digests]


async def test_two_days_before_everybody_expected_is_reminded_once(house: House, made: Class) -> None:
    await house.store.write(
        lambda db: db.add(Withdrawal(seat_id=made.seats[1][made.members[0]], at=BEFORE, by=made.people[0]))
    )
    assert await written(house, EARLY - timedelta(minutes=1)) == []
    found = await written(house, EARLY)
    assert Counter(found) == Counter(("reminder", person) for person in made.people[1:])
    letter = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.kind == "reminder")).first())
    assert letter is not None
    assert letter.subject == "Thursday 18:30: your practice session"
    assert b"Rather not be reminded?" in letter.message
    assert await written(house, EARLY + timedelta(minutes=1)) == []


async def test_who_heard_of_it_lately_or_rather_not_is_left_alone(house: House, made: Class) -> None:
    seat = made.seats[1][made.members[0]]

    def before(db: Any) -> None:
        db.execute(update(Letter).where(Letter.seat_id == seat).values(written_at=EARLY - timedelta(hours=47)))
        db.add(Wish(person_id=made.people[1], kind="reminder", how="off", since=BEFORE))

    await house.store.write(before)
    assert {person for _, person in await written(house, EARLY)} == set(made.people[2:])


async def test_a_reminder_that_missed_its_morning_is_not_sent_at_all(house: House, made: Class) -> None:
    assert await written(house, EARLY + timedelta(hours=13)) == []
    await house.store.write(
        lambda db: db.execute(
            update(PracticeSession).where(PracticeSession.id == made.sessions[1]).values(cancelled_at=BEFORE)
        )
    )
    assert await written(house, EARLY) == []


async def test_feedback_is_asked_for_in_the_morning_after_an_evening_and_once_more_a_day_later(
    house: House, made: Class
) -> None:
    """The first session ended at 20:30 in London; an hour after it is quiet, so people hear at 8:00."""
    morning = datetime(2026, 10, 2, 7, 0, tzinfo=UTC)
    assert await written(house, morning - timedelta(minutes=1)) == []
    found = await written(house, morning)
    asked = Counter(kind for kind, _ in found)
    assert asked["feedback-wanted"] == 6
    letters = await house.store.read(
        lambda db: db.scalars(select(Letter).where(Letter.kind == "feedback-wanted")).all()
    )
    assert {letter.subject for letter in letters} == {"Three minutes on Thursday’s round, while it’s fresh"}
    assert {text_of(letter).count("/feedback/") for letter in letters} == {3}

    def all_of_amaras(db: Any) -> None:
        for triad in made.triads[0]:
            for number, kind in ((1, "self"), (2, "client"), (3, "observer")):
                db.add(
                    Piece(
                        id=an_id(), triad_id=triad, round=number, author_id=made.members[0], kind=kind, words={},
                        sent_at=morning, flagged=0,
                    )
                )  # fmt: skip

    await house.store.write(all_of_amaras)
    again = await written(house, morning + timedelta(days=1))
    assert Counter(again) == Counter(("feedback-reminder", person) for person in made.people[1:])
    later = await written(house, morning + timedelta(days=2))
    assert not [kind for kind, _ in later if kind.startswith("feedback")], "never a third"


async def test_tutors_hear_on_weekdays_where_there_is_something_to_say(house: House, made: Class) -> None:
    monday = datetime(2026, 10, 5, 7, 0, tzinfo=UTC)
    await house.store.write(
        lambda db: db.add(Withdrawal(seat_id=made.seats[1][made.members[0]], at=BEFORE, by=made.people[0]))
    )
    assert await written(house, monday - timedelta(days=1), digests=True) == [], "a Sunday"
    assert await written(house, monday, digests=True) == [("tutor-digest", made.tutors[0])]
    letter = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.kind == "tutor-digest")).one())
    assert letter.subject == "Level 3, Thursdays: 1 person away, 18 pieces of feedback to come"
    assert "Amara" in letter.message.decode()


async def test_a_cohort_that_invites_some_days_ahead_does_so_one_session_at_a_time(house: House) -> None:
    made = await a_cohort(house.store)
    await house.store.write(
        lambda db: db.execute(update(Cohort).where(Cohort.id == made.cohort).values(invites_ahead=3))
    )
    wednesday = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)
    found = Counter(kind for kind, _ in await written(house, wednesday))
    assert found == {"overview": 6, "invitation": 6}
    assert await written(house, wednesday + timedelta(hours=1)) == []
    found = Counter(kind for kind, _ in await written(house, wednesday + timedelta(days=6)))
    assert found["invitation"] == 6


async def test_somebody_who_wants_it_once_a_week_hears_on_monday(house: House, made: Class) -> None:
    await house.store.write(
        lambda db: db.add(Wish(person_id=made.people[0], kind="feedback-wanted", how="digest", since=BEFORE))
    )
    friday = datetime(2026, 10, 2, 7, 0, tzinfo=UTC)
    assert ("feedback-wanted", made.people[0]) not in await written(house, friday)
    monday = [found for found in await written(house, friday + timedelta(days=3)) if found[0] == "weekly"]
    assert monday == [("weekly", made.people[0])]


async def test_tutors_hear_that_somebody_cannot_make_it_once_there_was_time_to_think_again(
    house: House, made: Class
) -> None:
    noon = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)
    house.now = noon
    amara, seat = await house.as_(made.people[0]), made.seats[1][made.members[0]]
    await amara.send_form(f"/seats/{seat}/withdrawal")
    assert await written(house, noon + timedelta(minutes=5)) == []
    assert await written(house, noon + timedelta(minutes=11)) == [("away", made.tutors[0])]
    assert await written(house, noon + timedelta(minutes=12)) == []
    letter = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.kind == "away")).one())
    assert letter.subject == "Somebody can’t make Thursday 8 October"
    assert "Amara Okafor can’t make Thursday 8 October" in text_of(letter)


async def test_a_letter_that_breaks_a_rule_stops_no_other_cohorts_letters(house: House) -> None:
    broken, well = [await a_cohort(house.store, name=name) for name in ("Broken", "Well")]

    def before(db: Any) -> None:
        db.execute(update(Cohort).values(invites_ahead=3))
        db.get_one(Person, broken.people[0]).email = "amara@@example.org"

    await house.store.write(before)
    found = await written(house, datetime(2026, 10, 7, 12, 0, tzinfo=UTC))
    assert {person for kind, person in found if kind == "invitation"} == set(well.people)
