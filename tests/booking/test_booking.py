"""Extra practice as trainees book it: start, join, take the third seat, step out, wait; and every letter of it."""

import re
from collections import Counter
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.builders import BEFORE, LONDON, Class, Extra, a_cohort, all_told, extra_practice
from tests.house import Browser, House
from threefold.clerk import Clerk
from threefold.store.tables import KeepApart, Letter, Membership, PracticeSession, Seat, Triad, Turn, Waiting

TUESDAY = datetime(2026, 10, 13, 17)  # noqa: DTZ001 - on London's wall clock
NEXT = datetime(2026, 10, 20, 17)  # noqa: DTZ001 - as above
EXTRA = "/practice/extra"


@pytest.fixture
async def made(house: House) -> Class:
    made = await a_cohort(house.store)
    await all_told(house.store, made.cohort)
    return made


@pytest.fixture
async def tuesday(house: House, made: Class) -> Extra:
    return await extra_practice(house.store, made, TUESDAY)


async def people(house: House, made: Class) -> list[Browser]:
    return [await house.as_(person) for person in made.people]


async def triads(house: House, practice: UUID) -> list[list[tuple[UUID, int]]]:
    """(member, position) in each triad of a session that has anybody in it."""

    def work(db: Session) -> list[list[tuple[UUID, int]]]:
        found: dict[int, list[tuple[UUID, int]]] = {}
        for number, member, position in db.execute(
            select(Triad.number, Seat.membership_id, Seat.position)
            .join(Seat, Seat.triad_id == Triad.id)
            .where(Triad.practice_id == practice, Seat.given_up_at.is_(None))
            .order_by(Triad.number, Seat.position)
        ):
            found.setdefault(number, []).append((member, position))
        return list(found.values())

    return await house.store.read(work)


async def triad_of(house: House, practice: UUID, number: int = 1) -> UUID:
    asked = select(Triad.id).where(Triad.practice_id == practice, Triad.number == number)
    return await house.store.read(lambda db: db.scalars(asked).one())


async def seat_of(house: House, practice: UUID, member: UUID) -> Seat:
    asked = select(Seat).where(Seat.practice_id == practice, Seat.membership_id == member, Seat.given_up_at.is_(None))
    return await house.store.read(lambda db: db.scalars(asked).one())


async def waiting_of(house: House, member: UUID) -> Waiting:
    asked = select(Waiting).where(Waiting.membership_id == member).order_by(Waiting.id.desc()).limit(1)
    return await house.store.read(lambda db: db.scalars(asked).one())


async def turns_of(house: House, triad: UUID) -> Counter[str]:
    asked = select(Turn.role).where(Turn.triad_id == triad)
    return await house.store.read(lambda db: Counter(db.scalars(asked)))


async def waiting_letters(house: House) -> list[Letter]:
    asked = select(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None)).order_by(Letter.id)
    return await house.store.read(lambda db: list(db.scalars(asked)))


async def said(house: House) -> list[tuple[str, str]]:
    """(kind, first name) of every letter that waits to leave."""
    return sorted((each.kind, each.recipient.split(".")[0]) for each in await waiting_letters(house))


def text_of(letter: Letter) -> str:
    body = message_from_bytes(letter.message, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


async def all_left(house: House) -> None:
    await house.store.write(
        lambda db: db.execute(
            update(Letter)
            .where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None))
            .values(sent_at=house.now, tries=1)
        )
    )


async def clerk(house: House) -> int:
    return await Clerk(house.store, house.app.state["house"].postroom, clock=lambda: house.now).round()


async def keep_apart(house: House, made: Class, one: int, other: int) -> None:
    rule = {"one": made.members[one], "other": made.members[other]}
    await house.store.write(
        lambda db: db.add(KeepApart(cohort_id=made.cohort, since=BEFORE, by=made.tutors[0], **rule))
    )


def words(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2].partition("</main>")[0]))


async def test_a_triad_is_started_joined_and_settled_by_whoever_takes_the_third_seat(
    house: House, made: Class, tuesday: Extra
) -> None:
    amara, ben, chloe, *_ = await people(house, made)
    assert "Nobody yet. Start one, and the others who are free then will see it." in words(await amara.get(EXTRA))
    started = await amara.send_form(f"/practice/{tuesday.times[0]}/triads")
    assert (started.status_code, started.headers["location"]) == (303, f"{EXTRA}?cohort={made.cohort}&done=started")
    triad = await triad_of(house, tuesday.times[0])
    seen = words(await ben.get(EXTRA))
    assert "Two seats would make a triad" in seen
    assert "2 seats left" in seen
    assert "Needs three by Monday 12 October, 17:00 . If nobody else has come by then, the two of you go ahead." in seen
    assert (await ben.send_form(f"/triads/{triad}/seats")).status_code == 303
    assert await turns_of(house, triad) == Counter(), "nobody’s turn is settled yet"
    seen = words(await chloe.get(EXTRA))
    assert "One seat would make a triad" in seen
    assert "1 seat left" in seen
    assert "You’ve worked with Amara once and with Ben once." in seen
    assert (await chloe.send_form(f"/triads/{triad}/seats")).status_code == 303
    assert await turns_of(house, triad) == Counter(counsellor=3, client=3, observer=3)
    assert [sorted(position for _, position in each) for each in await triads(house, tuesday.times[0])] == [[0, 1, 2]]
    assert await said(house) == [("invitation", "amara"), ("invitation", "ben"), ("invitation", "chloe")]
    first = text_of((await waiting_letters(house))[0])
    assert "Tuesday 13 October, 17:00 to 19:00 UK time, Library. You, " in first
    assert "17:10" in first, "the window’s own minutes, not the cohort’s"
    assert "You’re in" in words(await amara.get(EXTRA))


async def test_an_invitation_to_a_triad_that_is_not_full_says_when_roles_are_settled(
    house: House, made: Class, tuesday: Extra
) -> None:
    amara = await house.as_(made.people[0])
    await amara.send_form(f"/practice/{tuesday.times[0]}/triads")
    (letter,) = await waiting_letters(house)
    assert "Who begins as what is settled once your triad is full" in text_of(letter)
    page = words(await amara.get(f"/practice/{tuesday.times[0]}"))
    assert "Who begins as what is settled once your triad is full" in page


async def test_pressing_twice_books_once(house: House, made: Class, tuesday: Extra) -> None:
    amara = await house.as_(made.people[0])
    for _ in range(2):
        assert (await amara.send_form(f"/practice/{tuesday.times[0]}/triads")).status_code == 303
    triad = await triad_of(house, tuesday.times[0])
    assert (await amara.send_form(f"/triads/{triad}/seats")).status_code == 303
    assert await triads(house, tuesday.times[0]) == [[(made.members[0], 0)]]
    assert await said(house) == [("invitation", "amara")]


async def test_whoever_comes_too_late_hears_what_is_next_best(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, TUESDAY, NEXT, most_each=2)
    amara, ben, chloe, dev, *_ = await people(house, made)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    for browser in (ben, chloe):
        await browser.send_form(f"/triads/{triad}/seats")
    late = await dev.send_form(f"/triads/{triad}/seats")
    assert late.status_code == 409
    assert "That seat has just been taken. You can start a triad on Tuesday 20 October, 17:00." in words(late)
    assert "Error" not in late.text
    assert "Every seat is taken just now." in words(late)
    assert len((await triads(house, extra.times[0]))[0]) == 3


async def test_a_time_with_a_full_triad_and_room_for_another_is_not_called_empty(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, TUESDAY, at_once=2)
    amara, ben, chloe, dev, *_ = await people(house, made)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    for browser in (ben, chloe):
        await browser.send_form(f"/triads/{triad}/seats")
    seen = words(await dev.get(EXTRA))
    assert "Nobody yet" not in seen
    assert "Everyone who has come so far has their triad. Start another, and the others who are free then" in seen
    assert "Start another triad" in seen


async def test_nobody_books_two_places_at_one_time_or_more_than_they_may(house: House, made: Class) -> None:
    thursday = datetime(2026, 10, 8, 19)  # noqa: DTZ001 - the course itself meets then
    extra = await extra_practice(house.store, made, thursday, TUESDAY, TUESDAY + timedelta(days=2, hours=-5), at_once=2)
    amara = await house.as_(made.people[0])
    clash = await amara.send_form(f"/practice/{extra.times[0]}/triads")
    assert (clash.status_code, "You’re booked somewhere else at that time." in words(clash)) == (409, True)
    assert (await amara.send_form(f"/practice/{extra.times[1]}/triads")).status_code == 303
    enough = await amara.send_form(f"/practice/{extra.times[2]}/triads")
    assert (enough.status_code, "You’ve booked as often as you can in that week" in words(enough)) == (409, True)
    assert await triads(house, extra.times[0]) == []
    assert await triads(house, extra.times[2]) == []


async def test_two_who_are_kept_apart_see_and_hear_what_anybody_would(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, TUESDAY)
    amara, ben, chloe, dev, esther, _ = await people(house, made)
    await keep_apart(house, made, 0, 3)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    seen = await dev.get(EXTRA)
    tried = await dev.send_form(f"/triads/{triad}/seats")
    assert "Amara" not in seen.text
    for browser in (ben, chloe):
        await browser.send_form(f"/triads/{triad}/seats")
    full = await esther.get(EXTRA)
    late = await esther.send_form(f"/triads/{triad}/seats")
    assert words(seen) == words(full), "as if it were full"
    assert (tried.status_code, words(tried)) == (late.status_code, words(late))
    assert len((await triads(house, extra.times[0]))[0]) == 3


async def test_stepping_out_leaves_the_others_their_places_and_the_next_one_is_asked(
    house: House, made: Class, tuesday: Extra
) -> None:
    amara, ben, chloe, dev, esther, _ = await people(house, made)
    practice = tuesday.times[0]
    await amara.send_form(f"/practice/{practice}/triads")
    triad = await triad_of(house, practice)
    for browser in (ben, chloe):
        await browser.send_form(f"/triads/{triad}/seats")
    for browser in (dev, esther):
        assert (await browser.send_form(f"/practice/{practice}/waiting")).status_code == 303
        house.later(minutes=1)
    await all_left(house)
    seat = await seat_of(house, practice, made.members[1])
    before = words(await ben.get(f"/seats/{seat.id}/stepping-out"))
    assert "keep their places and hear of it" in before
    assert "Your place is offered to whoever has waited longest." in before
    assert len((await triads(house, practice))[0]) == 3, "looking does nothing"
    assert (await ben.send_form(f"/seats/{seat.id}/stepping-out")).status_code == 303
    assert {member for member, _ in (await triads(house, practice))[0]} == {made.members[0], made.members[2]}
    assert await said(house) == [("cancellation", "ben"), ("change", "amara"), ("change", "chloe")]
    offered = await waiting_of(house, made.members[3])
    assert offered.offered_triad_id == triad
    assert "A place is kept for you" in words(await dev.get(EXTRA))
    assert "Every seat is taken just now." in words(await esther.get(EXTRA))
    late = await esther.send_form(f"/triads/{triad}/seats")
    assert late.status_code == 409, "it is kept for Dev"
    await clerk(house)
    assert ("place-free", "dev") in await said(house)
    assert offered.expires_at is not None
    house.now = offered.expires_at
    gone = await dev.send_form(f"/waiting/{offered.id}/acceptance")
    assert (gone.status_code, "That place isn’t kept for you any more." in words(gone)) == (409, True)
    await clerk(house)
    nxt = await waiting_of(house, made.members[4])
    assert (nxt.offered_triad_id, (await waiting_of(house, made.members[3])).settled_as) == (triad, "expired")
    assert (await esther.send_form(f"/waiting/{nxt.id}/acceptance")).status_code == 303
    assert (await esther.send_form(f"/waiting/{nxt.id}/acceptance")).status_code == 303, "twice is once"
    assert {member for member, _ in (await triads(house, practice))[0]} == {made.members[n] for n in (0, 2, 4)}
    assert await turns_of(house, triad) == Counter(counsellor=3, client=3, observer=3)
    assert (await ben.get(f"/seats/{seat.id}/stepping-out")).headers["location"] == EXTRA


async def test_saying_no_to_a_place_asks_the_next_one_at_once(house: House, made: Class, tuesday: Extra) -> None:
    amara, ben, chloe, dev, esther, _ = await people(house, made)
    practice = tuesday.times[0]
    await amara.send_form(f"/practice/{practice}/triads")
    triad = await triad_of(house, practice)
    for browser in (ben, chloe):
        await browser.send_form(f"/triads/{triad}/seats")
    await dev.send_form(f"/practice/{practice}/waiting")
    house.later(minutes=1)
    await esther.send_form(f"/practice/{practice}/waiting")
    seat = await seat_of(house, practice, made.members[2])
    await chloe.send_form(f"/seats/{seat.id}/stepping-out")
    mine = await waiting_of(house, made.members[3])
    assert (await dev.send_form(f"/waiting/{mine.id}/ending")).status_code == 303
    assert (await waiting_of(house, made.members[3])).settled_as == "declined"
    assert (await waiting_of(house, made.members[4])).offered_triad_id == triad


async def test_a_calendar_that_says_no_has_stepped_out(house: House, made: Class, tuesday: Extra) -> None:
    amara, ben, *_ = await people(house, made)
    practice = tuesday.times[0]
    await amara.send_form(f"/practice/{practice}/triads")
    await ben.send_form(f"/triads/{await triad_of(house, practice)}/seats")
    seat = await seat_of(house, practice, made.members[1])
    assert (await ben.send_form(f"/seats/{seat.id}/withdrawal")).status_code == 303
    await clerk(house)
    assert await triads(house, practice) == [[(made.members[0], 0)]]


@pytest.mark.parametrize(("if_two", "booked"), [("go_ahead", 2), ("call_off", 0)])
async def test_two_a_day_before_go_ahead_or_are_told_as_the_tutor_chose(
    house: House, made: Class, if_two: str, booked: int
) -> None:
    extra = await extra_practice(house.store, made, TUESDAY, if_two=if_two)
    amara, ben, *_ = await people(house, made)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    await ben.send_form(f"/triads/{triad}/seats")
    await all_left(house)
    house.now = TUESDAY.replace(tzinfo=LONDON) - timedelta(days=1, minutes=1)
    await clerk(house)
    assert sum(map(len, await triads(house, extra.times[0]))) == 2
    house.later(minutes=1)
    await clerk(house)
    assert sum(map(len, await triads(house, extra.times[0]))) == booked
    told = [each for each in await said(house) if each[0] in {"change", "cancellation"}]
    if if_two == "go_ahead":
        assert await turns_of(house, triad) == Counter(counsellor=2, client=2)
        assert told == [("change", "amara"), ("change", "ben")]
        chloe = await house.as_(made.people[2])
        assert (await chloe.send_form(f"/triads/{triad}/seats")).status_code == 303, "a third is welcome to the last"
        assert await turns_of(house, triad) == Counter(counsellor=3, client=3, observer=3)
    else:
        assert told == [("cancellation", "amara"), ("cancellation", "ben")]
        page = await amara.get(f"{EXTRA}?cohort={made.cohort}")
        assert page.status_code == 200


async def test_somebody_alone_a_day_before_is_told_that_it_is_off(house: House, made: Class, tuesday: Extra) -> None:
    amara = await house.as_(made.people[0])
    await amara.send_form(f"/practice/{tuesday.times[0]}/triads")
    await all_left(house)
    house.now = TUESDAY.replace(tzinfo=LONDON) - timedelta(days=1)
    await clerk(house)
    assert await triads(house, tuesday.times[0]) == []
    assert ("cancellation", "amara") in await said(house)


async def test_the_third_seat_is_kept_a_short_while_for_whoever_is_owed_a_turn(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, TUESDAY)
    amara, ben, chloe, dev, _, _ = await people(house, made)
    observed = (Seat.membership_id == made.members[3], PracticeSession.starts_at < house.now)

    def runs_short(db: Session) -> None:
        seat = db.scalars(select(Seat).join(PracticeSession, PracticeSession.id == Seat.practice_id).where(*observed))
        mine = seat.one()
        as_observer = select(Turn.round).where(Turn.seat_id == mine.id, Turn.role == "observer")
        db.execute(delete(Turn).where(Turn.triad_id == mine.triad_id, Turn.round == db.scalars(as_observer).one()))

    await house.store.write(runs_short)  # Dev’s, Esther’s and Farid’s group lost a round
    await keep_apart(house, made, 0, 4)
    await keep_apart(house, made, 1, 5)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    await ben.send_form(f"/triads/{triad}/seats")
    kept = await waiting_of(house, made.members[3])
    assert (kept.offered_triad_id, kept.expires_at) == (triad, house.now + timedelta(hours=2))
    assert "because that’s the turn you’re owed" in words(await dev.get(EXTRA))
    assert "Every seat is taken just now." in words(await chloe.get(EXTRA))
    assert (await chloe.send_form(f"/triads/{triad}/seats")).status_code == 409
    await clerk(house)
    assert ("extra-practice", "dev") in await said(house)
    house.later(hours=2)
    assert "One seat would make a triad" in words(await chloe.get(EXTRA))
    assert (await chloe.send_form(f"/triads/{triad}/seats")).status_code == 303


async def test_each_triad_online_has_a_room_of_its_own(house: House, made: Class) -> None:
    pattern = "https://meet.example.org/{room}"
    extra = await extra_practice(house.store, made, TUESDAY, at_once=2, link=pattern, place="")
    amara, ben, *_ = await people(house, made)
    for browser in (amara, ben):
        await browser.send_form(f"/practice/{extra.times[0]}/triads")
    links = [re.findall(r"https://meet\S+", text_of(each))[0] for each in await waiting_letters(house)]
    assert len(set(links)) == 2
    assert all(re.fullmatch(r"https://meet\.example\.org/threefold-[0-9a-f]{12}", link) for link in links)
    assert links[0] in (await amara.get(f"/practice/{extra.times[0]}")).text
    assert links[0] in (await amara.get(EXTRA)).text
    assert links[1] not in (await amara.get(EXTRA)).text


async def test_a_room_without_what_somebody_needs_is_not_offered_to_them(house: House, made: Class) -> None:
    rooms = ({"name": "Attic", "people": 4, "access": []}, {"name": "Hall", "people": 4, "access": ["step_free"]})
    extra = await extra_practice(house.store, made, TUESDAY, at_once=2, rooms=rooms)
    from threefold.store.tables import AccessNeed  # noqa: PLC0415 - only here

    need = AccessNeed(person_id=made.people[1], need="step_free", since=BEFORE)
    await house.store.write(lambda db: db.add(need))
    amara, ben, *_ = await people(house, made)
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    assert "Amara" not in (await ben.get(EXTRA)).text
    assert (await ben.send_form(f"/practice/{extra.times[0]}/seats")).status_code == 303
    asked = select(Triad.room).join(Seat, Seat.triad_id == Triad.id).where(Seat.membership_id == made.members[1])
    rooms_of = await house.store.read(lambda db: list(db.scalars(asked.where(Triad.practice_id == extra.times[0]))))
    assert rooms_of == ["Hall"]


async def test_what_has_begun_or_was_called_off_says_so(house: House, made: Class, tuesday: Extra) -> None:
    amara, ben, *_ = await people(house, made)
    await amara.send_form(f"/practice/{tuesday.times[0]}/triads")
    triad, tutor = await triad_of(house, tuesday.times[0]), await house.as_(made.tutors[0])
    await all_left(house)
    assert (await tutor.send_form(f"/windows/{tuesday.window}/cancellation")).status_code == 303
    off = await ben.send_form(f"/triads/{triad}/seats")
    assert (off.status_code, "That session has been called off." in words(off)) == (409, True)
    assert "This has been called off. There’s nothing for you to do." in words(await amara.get(EXTRA))
    assert await said(house) == [("cancellation", "amara")]
    other = await extra_practice(house.store, made, NEXT)
    house.now = NEXT.replace(tzinfo=LONDON)
    begun = await ben.send_form(f"/practice/{other.times[0]}/triads")
    assert (begun.status_code, "That session has begun already." in words(begun)) == (409, True)


async def test_whoever_has_left_the_cohort_reaches_nothing(house: House, made: Class, tuesday: Extra) -> None:
    amara = await house.as_(made.people[0])
    await house.store.write(
        lambda db: db.execute(update(Membership).where(Membership.id == made.members[0]).values(left_at=house.now))
    )
    assert (await amara.send_form(f"/practice/{tuesday.times[0]}/triads")).status_code == 404
