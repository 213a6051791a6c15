"""“Your calendar said no. Was that you?”: the page, its two buttons, and what happens when nobody presses one."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, all_told, an_id
from tests.house import NOON, House
from tests.mail.calendars import by_icalendar, opened
from threefold.core.reply import Answer
from threefold.core.triad import Withdrawn
from threefold.practice import answers
from threefold.store.tables import Cohort, Deed, Letter, PracticeSession, Reply, Seat, Withdrawal

TOMORROW = 1  # the session on Thursday 8 October, 18:30 in London


def seat_of(made: Class, member: int = 0, week: int = TOMORROW) -> UUID:
    return made.seats[week][made.members[member]]


async def a_reply(
    house: House,
    seat: UUID,
    answer: str = "declined",
    *,
    said_at: datetime = NOON,
    settled_as: str | None = None,
    proposes: datetime | None = None,
) -> UUID:
    id_ = an_id()

    row = {
        "id": id_, "seat_id": seat, "answer": answer, "said_at": said_at, "sequence": 0, "received_at": said_at,
        "digest": id_.bytes, "settled_at": said_at if settled_as else None, "settled_as": settled_as,
        "proposes_start": proposes, "proposes_end": proposes + timedelta(minutes=100) if proposes else None,
    }  # fmt: skip
    await house.store.write(lambda db: db.add(Reply(**row)))
    return id_


async def settled(house: House, *replies: UUID) -> list[str | None]:
    rows = await house.store.read(lambda db: dict(db.execute(select(Reply.id, Reply.settled_as)).all()))
    return [rows[each] for each in replies]


async def out(house: House) -> list[tuple[UUID, UUID]]:
    """(seat, said by whom) of everybody who can't make it."""

    def work(db: Session) -> list[tuple[UUID, UUID]]:
        return [(row.seat_id, row.by) for row in db.scalars(select(Withdrawal)) if row.taken_back_at is None]

    return await house.store.read(work)


async def due(house: House) -> list[UUID]:
    now = house.now
    return await house.store.read(lambda db: [place.seat.id for place in answers.due_declines(db, now)])


async def count(house: House) -> int:
    """What the clerk does: every "no" that is due counts."""
    now = house.now

    def work(db: Session) -> int:
        places = answers.due_declines(db, now)
        done = [answers.count(db, place, now=now, new_id=an_id) for place in places]
        return sum(isinstance(each, Withdrawn) for each in done)

    return await house.store.write(work)


# --- the page -------------------------------------------------------------------------------------------------


async def test_the_page_asks_and_looking_at_it_changes_nothing(house: House) -> None:
    made = await a_cohort(house.store)
    reply = await a_reply(house, seat_of(made))
    amara = await house.as_(made.people[0])
    page = await amara.get(f"/replies/{reply}")
    assert page.status_code == 200
    assert "Your calendar said no to Thursday 8 October. Was that you?" in page.text
    assert "we’ll take it as a no from" in page.text
    assert "Thursday 8 October, 13:00" in page.text
    assert ("I’m coming" in page.text, "I can’t make it" in page.text) == (True, True)
    assert (await settled(house, reply), await out(house)) == ([None], [])


async def test_i_cannot_make_it_is_the_same_as_saying_so_on_our_page(house: House) -> None:
    made = await a_cohort(house.store)
    reply, amara = await a_reply(house, seat_of(made)), await house.as_(made.people[0])
    for _ in range(2):
        answer = await amara.send_form(f"/replies/{reply}", {"answer": "unable"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/practice/{made.sessions[TOMORROW]}")
    assert await settled(house, reply) == ["confirmed"]
    assert await out(house) == [(seat_of(made), made.people[0])]
    withdrew = select(Deed.id).where(Deed.verb == "withdrew")
    assert len(await house.store.read(lambda db: db.scalars(withdrew).all())) == 1
    page = (await amara.get(f"/replies/{reply}")).text
    assert "Your tutor knows you can’t make it" in page
    assert "I’m coming" in page


async def test_i_am_coming_lets_the_calendars_no_count_for_nothing(house: House) -> None:
    made = await a_cohort(house.store)
    reply, amara = await a_reply(house, seat_of(made)), await house.as_(made.people[0])
    assert (await amara.send_form(f"/replies/{reply}", {"answer": "coming"})).status_code == 303
    assert (await settled(house, reply), await out(house)) == (["coming"], [])
    house.later(hours=25)
    assert await due(house) == []
    assert "Nothing is waiting for you here" in (await amara.get(f"/replies/{reply}")).text


async def test_somebody_who_was_taken_out_by_time_comes_back_from_the_same_page(house: House) -> None:
    made = await a_cohort(house.store)
    reply, amara = await a_reply(house, seat_of(made)), await house.as_(made.people[0])
    house.later(hours=24, minutes=1)
    assert await count(house) == 1
    assert (await amara.send_form(f"/replies/{reply}", {"answer": "coming"})).status_code == 303
    assert (await settled(house, reply), await out(house)) == (["by_time"], [])
    assert await due(house) == []


async def test_neither_button_and_a_session_that_has_begun(house: House) -> None:
    made = await a_cohort(house.store)
    reply, amara = await a_reply(house, seat_of(made)), await house.as_(made.people[0])
    answer = await amara.send_form(f"/replies/{reply}", {"answer": "perhaps"})
    assert (answer.status_code, "Say whether you’re coming." in answer.text) == (422, True)
    house.later(days=2)
    answer = await amara.send_form(f"/replies/{reply}", {"answer": "unable"})
    assert (answer.status_code, "This session has begun already" in answer.text) == (422, True)
    assert "This session has begun" in (await amara.get(f"/replies/{reply}")).text
    assert (await settled(house, reply), await out(house)) == ([None], [])


async def test_another_persons_reply_does_not_exist(house: House) -> None:
    made = await a_cohort(house.store)
    reply = await a_reply(house, seat_of(made))
    for person in (made.people[1], made.people[4], made.tutors[0]):
        browser = await house.as_(person)
        assert (await browser.get(f"/replies/{reply}")).status_code == 404
        assert (await browser.send_form(f"/replies/{reply}", {"answer": "unable"})).status_code == 404
    nobody = await (await house.visitor()).get(f"/replies/{reply}")
    assert (nobody.status_code, nobody.headers["location"]) == (303, f"/sign-in?next=/replies/{reply}")
    assert await out(house) == []


async def test_an_older_letter_leads_to_what_holds_now(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    first = await a_reply(house, seat_of(made), said_at=NOON - timedelta(hours=3), settled_as="overtaken")
    await a_reply(house, seat_of(made), "accepted", said_at=NOON - timedelta(hours=2))
    assert "You’re expected on Thursday 8 October" in (await amara.get(f"/replies/{first}")).text
    again = await a_reply(house, seat_of(made), said_at=NOON)
    assert "Was that you?" in (await amara.get(f"/replies/{first}")).text
    assert (await amara.send_form(f"/replies/{first}", {"answer": "coming"})).status_code == 303
    assert await settled(house, first, again) == ["overtaken", "coming"]


# --- another time was proposed ----------------------------------------------------------------------------------

HALF_PAST_SEVEN = datetime(2026, 10, 8, 18, 30, tzinfo=UTC)  # on London's clock


async def proposed(house: House, made: Class, proposes: datetime | None = HALF_PAST_SEVEN) -> tuple[UUID, str]:
    """Everybody has had their invitations, and Amara's calendar proposes another time for tomorrow."""
    await all_told(house.store, made.cohort)
    reply = await a_reply(house, seat_of(made), "counter", proposes=proposes)
    return reply, f"/practice/{made.sessions[TOMORROW]}/proposals/{reply}"


async def waiting(house: House) -> list[Letter]:
    asked = select(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None)).order_by(Letter.id)
    return await house.store.read(lambda db: list(db.scalars(asked)))


async def test_a_tutor_keeps_the_time_and_only_the_proposer_hears_with_a_fresh_request(house: House) -> None:
    made = await a_cohort(house.store)
    reply, path = await proposed(house, made)
    tutor = await house.as_(made.tutors[0])
    page = (await tutor.get(path)).text
    assert "Amara’s calendar proposes another time" in page
    assert "Thursday 8 October, 18:30 to 20:30" in page
    assert "Thursday 8 October, 19:30 to 21:10" in page
    assert "Amara’s calendar proposes another time" in (await tutor.get(f"/practice/{made.sessions[TOMORROW]}")).text
    for _ in range(2):
        answer = await tutor.send_form(path)
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await settled(house, reply) == ["kept"]
    (letter,) = await waiting(house)
    uid, sequence = await house.store.read(
        lambda db: db.execute(select(Seat.uid, Seat.sequence).where(Seat.id == seat_of(made))).one()
    )
    assert (letter.kind, letter.person_id, letter.seat_id) == ("time-kept", made.people[0], seat_of(made))
    assert (letter.method, letter.sequence, letter.once) == ("REQUEST", 1, f"time-kept:{uid}:1")
    assert letter.subject == "Thursday 8 October, 18:30: the time stays as it is"
    assert letter.due_at == house.now + timedelta(minutes=10)
    mail = opened(letter.message)
    assert mail.calendar is not None
    event = by_icalendar(mail.calendar)
    assert (event.uid, event.method, event.sequence, sequence) == (uid, "REQUEST", 1, 1)
    assert (event.starts_at, event.ends_at) == (
        HALF_PAST_SEVEN - timedelta(hours=1),
        HALF_PAST_SEVEN + timedelta(hours=1),
    )
    assert await verbs(house) == ["kept the time"]
    assert "The time stays as it is" in (await tutor.get(path)).text
    assert "proposes another time" not in (await tutor.get(f"/practice/{made.sessions[TOMORROW]}")).text


async def test_a_session_moved_after_all_is_told_in_one_letter(house: House) -> None:
    made = await a_cohort(house.store)
    _, path = await proposed(house, made)
    tutor = await house.as_(made.tutors[0])
    change = re.search(r'href="(/practice/[^"]+/change\?[^"]+)"', (await tutor.get(path)).text)
    assert change is not None
    form = (await tutor.get(change[1].replace("&amp;", "&"))).text
    assert ['value="2026-10-08"' in form, 'value="19:30"' in form, 'value="100"' in form] == [True] * 3
    await tutor.send_form(path)
    house.later(minutes=5)
    words = {"date": "2026-10-08", "start": "19:30", "minutes": "100", "place": "Elm House", "link": "", "do": "tell"}
    assert (await tutor.send_form(f"/practice/{made.sessions[TOMORROW]}/change", words)).status_code == 303
    assert [(letter.kind, letter.sequence) for letter in await waiting(house) if letter.seat_id == seat_of(made)] == [
        ("change", 2)
    ]


async def test_what_can_no_longer_be_kept_to_is_said_and_changes_nothing(house: House) -> None:
    made = await a_cohort(house.store)
    reply, path = await proposed(house, made, proposes=None)
    tutor, amara = await house.as_(made.tutors[0]), await house.as_(made.people[0])
    assert "so that we could read it" in (await tutor.get(path)).text
    await amara.send_form(f"/seats/{seat_of(made)}/withdrawal")
    before = len(await waiting(house))
    answer = await tutor.send_form(path)
    assert (answer.status_code, "There’s nothing to answer any more" in answer.text) == (422, True)
    assert (await settled(house, reply), len(await waiting(house))) == ([None], before)
    for person in (made.people[0], made.people[1]):
        browser = await house.as_(person)
        assert (await browser.get(path)).status_code == 404
        assert (await browser.send_form(path)).status_code == 404
    elsewhere = f"/practice/{made.sessions[2]}/proposals/{reply}"
    assert [(await tutor.get(elsewhere)).status_code, (await tutor.send_form(elsewhere)).status_code] == [404, 404]
    a_no = await a_reply(house, seat_of(made, 1))
    assert (await tutor.get(f"/practice/{made.sessions[TOMORROW]}/proposals/{a_no}")).status_code == 404


async def verbs(house: House) -> list[str]:
    return await house.store.read(lambda db: list(db.scalars(select(Deed.verb).where(Deed.verb.like("kept%")))))


# --- by time --------------------------------------------------------------------------------------------------


async def test_a_no_that_nobody_confirms_counts_after_the_time_the_cohort_chose(house: House) -> None:
    made = await a_cohort(house.store)
    hours = update(Cohort).where(Cohort.id == made.cohort).values(declines_after=6)
    await house.store.write(lambda db: db.execute(hours) and None)
    reply = await a_reply(house, seat_of(made))
    house.later(hours=5, minutes=59)
    assert (await due(house), await count(house)) == ([], 0)
    house.later(minutes=1)
    assert await due(house) == [seat_of(made)]
    assert [await count(house), await count(house)] == [1, 0]
    assert await settled(house, reply) == ["by_time"]
    assert await out(house) == [(seat_of(made), made.people[0])]


async def test_what_never_counts_by_itself(house: House) -> None:
    made = await a_cohort(house.store)
    await a_reply(house, seat_of(made, 0), said_at=datetime(2026, 10, 7, 18, tzinfo=UTC))  # due after it begins
    await a_reply(house, seat_of(made, 1), "accepted")
    await a_reply(house, seat_of(made, 2), settled_as="coming")
    await a_reply(house, seat_of(made, 3), "counter")
    moved = await a_reply(house, seat_of(made, 4))
    given_up = await a_reply(house, seat_of(made, 5))
    cancelled = await a_reply(house, seat_of(made, 0, week=2))

    def work(db: Session) -> None:
        db.execute(update(Seat).where(Seat.id == seat_of(made, 4)).values(sequence=1))
        db.execute(update(Seat).where(Seat.id == seat_of(made, 5)).values(given_up_at=NOON))
        db.execute(update(PracticeSession).where(PracticeSession.id == made.sessions[2]).values(cancelled_at=NOON))

    await house.store.write(work)
    house.later(hours=29)
    assert (await due(house), await count(house), await out(house)) == ([], 0, [])
    house.later(days=20)
    assert (await due(house), await out(house)) == ([], [])
    assert await settled(house, moved, given_up, cancelled) == [None, None, None]


async def test_what_was_settled_while_the_clerk_was_on_the_way_does_not_count(house: House) -> None:
    made = await a_cohort(house.store)
    reply, amara = await a_reply(house, seat_of(made)), await house.as_(made.people[0])
    house.later(hours=25)
    now = house.now
    places = await house.store.read(lambda db: answers.due_declines(db, now))
    await amara.send_form(f"/replies/{reply}", {"answer": "coming"})
    late = await house.store.write(lambda db: answers.count(db, places[0], now=now, new_id=an_id))
    assert (late, await out(house)) == (None, [])


async def test_a_calendar_that_repeats_itself_is_counted_from_its_first_no(house: House) -> None:
    made = await a_cohort(house.store)
    await a_reply(house, seat_of(made), settled_as="overtaken")
    await a_reply(house, seat_of(made), said_at=NOON + timedelta(hours=20))
    house.later(hours=24)
    assert await due(house) == [seat_of(made)]


# --- what the tutors see --------------------------------------------------------------------------------------


async def test_what_calendars_answered_in_a_session(house: House) -> None:
    made = await a_cohort(house.store)
    await a_reply(house, seat_of(made, 0), "accepted", said_at=NOON)
    await a_reply(house, seat_of(made, 1), "accepted", said_at=NOON - timedelta(hours=1), settled_as="overtaken")
    await a_reply(house, seat_of(made, 1), "tentative", said_at=NOON)
    await a_reply(house, seat_of(made, 2), "counter")
    await a_reply(house, seat_of(made, 3, week=2), "declined")
    await a_reply(house, seat_of(made, 4), "declined", settled_as="coming")
    found = await house.store.read(lambda db: answers.answers_at(db, made.sessions[TOMORROW]))
    assert found == {seat_of(made, 0): Answer.ACCEPTED, seat_of(made, 1): Answer.TENTATIVE}
    path = f"/practice/{made.sessions[TOMORROW]}"
    page = (await (await house.as_(made.tutors[0])).get(path)).text
    assert [page.count(f"calendar says {words}") for words in ("yes", "perhaps", "no")] == [1, 1, 0]
    assert "calendar says" not in (await (await house.as_(made.people[0])).get(path)).text
