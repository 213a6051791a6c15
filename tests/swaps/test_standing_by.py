"""At the last moment: the number to call, the standby list asked one after the other, and who steps in."""

from datetime import timedelta

from sqlalchemy import select

from tests.swaps.evening import (
    AMARA,
    BEN,
    CHLOE,
    DEV,
    ESTHER,
    FARID,
    GRACE,
    HANNA,
    IOAN,
    THE_15TH,
    THE_22ND,
    Evening,
    cards_in,
    evening,
    seen_in,
    words_of,
)
from threefold.store.tables import Cohort, KeepApart, PracticeSession, Standby

__all__ = ["evening"]


async def stands_by(evening: Evening, *who: int, week: int = THE_15TH) -> None:
    for each in who:
        answer = await (await evening.as_(each)).send_form(f"/practice/{evening.made.sessions[week]}/standby")
        assert answer.status_code == 303
        evening.house.later(minutes=1)


async def before(evening: Evening, **by: float) -> None:
    """It is so long before the session on the 15th."""
    practice = await evening.house.store.read(lambda db: db.get_one(PracticeSession, evening.made.sessions[THE_15TH]))
    evening.house.now = practice.starts_at - timedelta(**by)


async def phone(evening: Evening) -> None:
    def work(db: object) -> None:
        db.get_one(Cohort, evening.made.cohort).phone = "01632 960001"  # type: ignore[attr-defined] # a session

    await evening.house.store.write(work)


async def settled(evening: Evening) -> list[tuple[int, str | None]]:
    """Who was asked, in this order, and what came of it."""
    return [(evening.made.members.index(one.asked_id), one.settled_as) for one in await evening.requests()]


async def test_people_without_a_place_put_themselves_on_the_list_and_off_it(evening: Evening) -> None:
    dev, cohort, practice = await evening.as_(DEV), evening.made.cohort, evening.made.sessions[THE_15TH]
    page = words_of((await dev.get(f"/cohorts/{cohort}/standby")).text)
    assert "Would you step in at short notice?" in page
    assert page.count("Thursday 15 October") == 2, "the date, and the hidden words of its button"
    assert "22 October" not in page, "he has a place then"
    for _ in range(2):
        answer = await dev.send_form(f"/practice/{practice}/standby")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{cohort}/standby")
    assert "You stand by" in words_of((await dev.get(f"/cohorts/{cohort}/standby")).text)
    rows = await evening.house.store.read(lambda db: db.scalars(select(Standby)).all())
    assert [(row.membership_id, row.ended_at) for row in rows] == [(evening.made.members[DEV], None)]
    for _ in range(2):
        assert (await dev.send_form(f"/practice/{practice}/standby/ending")).status_code == 303
    assert "You stand by" not in words_of((await dev.get(f"/cohorts/{cohort}/standby")).text)
    await dev.send_form(f"/practice/{practice}/standby")
    assert "You stand by" in words_of((await dev.get(f"/cohorts/{cohort}/standby")).text)


async def test_whoever_has_a_place_or_comes_too_late_is_told_why_not(evening: Evening) -> None:
    dev, amara = await evening.as_(DEV), await evening.as_(AMARA)
    mine = await amara.send_form(f"/practice/{evening.made.sessions[THE_15TH]}/standby")
    assert mine.status_code == 422
    assert "You have a place in this session, so there’s nothing to stand by for." in words_of(mine.text)
    await before(evening, minutes=0)
    dev = await evening.as_(DEV)
    late = await dev.send_form(f"/practice/{evening.made.sessions[THE_15TH]}/standby")
    assert late.status_code == 422
    assert "This session has begun already." in words_of(late.text)
    assert await evening.house.store.read(lambda db: db.scalars(select(Standby)).all()) == []
    ben = await evening.as_(BEN)
    assert "You have a place on every date" in words_of((await ben.get(f"/cohorts/{evening.made.cohort}/standby")).text)


async def test_somebody_who_stands_by_is_asked_for_nothing_in_return(evening: Evening) -> None:
    await stands_by(evening, ESTHER)
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}/withdrawal"
    cards = cards_in((await amara.get(link)).text)
    assert [title for title, _ in cards] == [
        "Ask Dev to swap weeks",
        "Ask Ioan to swap weeks",
        "Ask Esther to take your place",
        "Just let Marion know",
    ]
    assert cards[2][1] == (
        "Esther is on the standby list. You’d have 4 of your 6 hours planned. You’d not work with Farid this term. "
        "Esther would work with Farid a third time."
    )
    answer = await amara.send_form(link, {"choice": f"cover-{evening.made.members[ESTHER]}"})
    path = answer.headers["location"]
    assert await evening.clerk() == [("swap-asked", "Esther Cohen", "Could you come on Thursday 15 October?")]
    page = words_of((await (await evening.as_(ESTHER)).get(path)).text)
    assert "Could you take Amara’s place? Amara can’t make Thursday 15 October, and you stand by for it." in page
    assert "You’d have 8 h planned, 2 h more." in page
    assert (await evening.say_yes(path, ESTHER)).status_code == 303
    assert await evening.sitting(THE_15TH) == [{BEN, CHLOE, GRACE}, {ESTHER, FARID, HANNA}]
    assert await evening.sitting(THE_22ND) == [{BEN, CHLOE, GRACE}, {DEV, ESTHER, IOAN}]
    rows = await evening.house.store.read(lambda db: db.scalars(select(Standby.ended_at)).all())
    assert rows == [evening.house.now]
    assert await evening.clerk() == [
        ("swap-answered", "Amara Okafor", "Yes to your question about Thursday 15 October"),
        ("swap-told", "Marion Shaw", "Somebody steps in: Thursday 15 October"),
    ]


async def test_late_it_says_so_kindly_and_shows_the_number_where_there_is_one(evening: Evening) -> None:
    await before(evening, hours=20)
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}/withdrawal"
    page = words_of((await amara.get(link)).text)
    assert (
        "It’s less than 24 hours away, so there’s less time to find somebody. It’s still good that you say so." in page
    )
    assert "A call helps as well" not in page
    await phone(evening)
    assert "A call helps as well: 01632 960001 ." in words_of((await amara.get(link)).text)
    await before(evening, minutes=90)
    amara = await evening.as_(AMARA)
    page = words_of((await amara.get(link)).text)
    assert "It begins in less than two hours, and it’s good that you say so. A call helps as well: 01632 960001" in page
    assert not any("swap weeks" in title for title, _ in cards_in((await amara.get(link)).text))
    answer = await amara.send_form(link, {"choice": "tell"})
    assert answer.headers["location"] == link
    after = words_of((await amara.get(link)).text)
    assert "Marion knows you can’t make Thursday 15 October" in after
    assert "01632 960001" in after
    assert "I can make it after all" in after


async def test_the_list_is_asked_one_after_the_other_until_somebody_steps_in(evening: Evening) -> None:
    """Story 3: three hours before, with every letter that leaves."""
    await stands_by(evening, ESTHER, DEV, IOAN)
    await before(evening, hours=3)
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}"
    page = words_of((await amara.get(f"{link}/withdrawal")).text)
    assert "We’ll ask those on the standby list one after the other." in page
    assert await evening.clerk() == []
    start = await evening.letters()
    await amara.send_form(f"{link}/withdrawal", {"choice": "tell"})
    assert await evening.written_since(start) == [
        ("cancellation", "Amara Okafor", "Cancelled: Thursday 15 October, 18:30")
    ]
    assert await evening.clerk() == [("swap-asked", "Esther Cohen", "Could you come on Thursday 15 October?")]
    assert await evening.clerk() == [], "one at a time"
    first = (await evening.requests())[0]
    assert first.expires_at == evening.house.now + timedelta(hours=1, minutes=30), "half of what is left"
    await (await evening.as_(ESTHER)).send_form(f"/swaps/{first.id}/no-thanks")
    evening.house.later(minutes=10)
    assert await evening.clerk() == [
        ("away", "Marion Shaw", "Somebody can’t make Thursday 15 October"),
        ("swap-asked", "Dev Mehta", "Could you come on Thursday 15 October?"),
    ]
    second = (await evening.requests())[1]
    evening.house.now = second.expires_at
    assert await evening.clerk() == [("swap-asked", "Ioan Popescu", "Could you come on Thursday 15 October?")]
    third = (await evening.requests())[2]
    late = await (await evening.as_(DEV)).send_form(f"/swaps/{second.id}/acceptance", {"seen": "x"})
    assert late.status_code == 409
    assert "The time to answer has passed" in words_of(late.text)
    before_yes = await evening.letters()
    assert (await evening.say_yes(f"/swaps/{third.id}", IOAN)).status_code == 303
    assert await evening.sitting(THE_15TH) == [{BEN, CHLOE, GRACE}, {FARID, HANNA, IOAN}]
    assert await evening.written_since(before_yes) == [
        ("change", "Farid Rahimi", "Changed: Thursday 15 October now with Ioan and Hanna"),
        ("change", "Hanna Kaya", "Changed: Thursday 15 October now with Ioan and Farid"),
        ("invitation", "Ioan Popescu", "Thursday 15 October, 18:30: your practice session"),
    ]
    assert await evening.clerk() == [("swap-told", "Marion Shaw", "Somebody steps in: Thursday 15 October")]
    assert await settled(evening) == [(ESTHER, "declined"), (DEV, "expired"), (IOAN, "accepted")]
    assert "Somebody else has your place" in words_of((await amara.get(f"{link}/withdrawal")).text)


async def test_coming_back_takes_the_question_back_and_nobody_is_asked_after_that(evening: Evening) -> None:
    await stands_by(evening, ESTHER, DEV)
    await before(evening, hours=10)
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}"
    await amara.send_form(f"{link}/withdrawal")
    await evening.clerk()
    assert (await amara.send_form(f"{link}/return")).status_code == 303
    assert await settled(evening) == [(ESTHER, "taken_back")]
    assert await evening.clerk() == []
    page = words_of((await (await evening.as_(ESTHER)).get(f"/swaps/{(await evening.requests())[0].id}")).text)
    assert "Amara isn’t asking any more" in page


async def test_nobody_on_the_list_is_asked_before_the_notice_period_or_against_a_rule(evening: Evening) -> None:
    await stands_by(evening, ESTHER, DEV)
    made = evening.made
    await evening.house.store.write(
        lambda db: db.add(
            KeepApart(
                cohort_id=made.cohort, one=made.members[ESTHER], other=made.members[HANNA], since=evening.house.now,
                by=made.tutors[0],
            )
        )
    )  # fmt: skip
    await before(evening, hours=25)
    await (await evening.as_(AMARA)).send_form(f"/seats/{evening.on_15th[AMARA]}/withdrawal")
    evening.house.later(minutes=30)
    assert [kind for kind, *_ in await evening.clerk()] == ["away"]
    evening.house.later(minutes=31)
    assert await evening.clerk() == [("swap-asked", "Dev Mehta", "Could you come on Thursday 15 October?")]
    assert await settled(evening) == [(DEV, None)]


async def test_two_places_are_never_offered_to_one_person_at_once(evening: Evening) -> None:
    await stands_by(evening, DEV)
    await before(evening, hours=10)
    for who in (AMARA, HANNA):
        await (await evening.as_(who)).send_form(f"/seats/{evening.on_15th[who]}/withdrawal")
    await evening.clerk()
    assert await settled(evening) == [(DEV, None)]
    request = (await evening.requests())[0]
    dev = await evening.as_(DEV)
    seen = seen_in((await dev.get(f"/swaps/{request.id}")).text)
    assert (await dev.send_form(f"/swaps/{request.id}/acceptance", {"seen": seen})).status_code == 303
    await evening.clerk()
    assert await settled(evening) == [(DEV, "accepted")]
