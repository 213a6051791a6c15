"""Somebody can't make it and asks a classmate: from the page that offers what would work to the letters that say who
comes instead.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import a_cohort, an_id, offers, regrouped
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
    text_of,
    words_of,
)
from tests.web.queries import counted
from threefold.store.tables import (
    Away,
    Cohort,
    Deed,
    KeepApart,
    Letter,
    Membership,
    PlanDraft,
    PlanVersion,
    PracticeSession,
    Preference,
    Seat,
    SwapRequest,
    Turn,
    Withdrawal,
)

__all__ = ["evening"]

TELL = (
    "Just let Marion know",
    (
        "Marion will see how the group goes on. Farid and Hanna hear once that’s settled. You’d have 4 of your 6 hours "
        "planned, and there is one date you’re not down for."
    ),
)


# --- what is offered --------------------------------------------------------------------------------------------


async def test_the_page_offers_what_would_work_and_says_what_it_costs(evening: Evening) -> None:
    await offers(evening.house.store, evening.made.people[DEV], (3, 18, 21, "free"))
    await evening.is_he(DEV)
    page = (await (await evening.as_(AMARA)).get(f"/seats/{evening.on_15th[AMARA]}/withdrawal")).text
    assert "there’s no need to say why. Here’s what would work." in words_of(page)
    assert cards_in(page) == [
        (
            "Ask Dev to swap weeks",
            (
                "You’d come on Thursday 22 October instead. He’s said he’s free on the 15th, and roles stay even for "
                "both of you. You’d not work with Farid this term. He’d not work with Ioan this term."
            ),
        ),
        (
            "Ask Esther to swap weeks",
            (
                "You’d come on Thursday 22 October instead. We don’t know whether the 15th suits Esther. You’d not "
                "work with Farid this term. Esther would work with Farid a third time. Esther would not work with Ioan "
                "this term."
            ),
        ),
        (
            "Ask Ioan to swap weeks",
            (
                "You’d come on Thursday 22 October instead. We don’t know whether the 15th suits Ioan. You’d not work "
                "with Farid this term. Ioan would work with Hanna a third time. Ioan would not work with Dev and "
                "Esther this term."
            ),
        ),
        TELL,
    ]
    assert "by Wednesday 14 October, 18:30" in words_of(page)


async def offered(evening: Evening) -> list[str]:
    page = (await (await evening.as_(AMARA)).get(f"/seats/{evening.on_15th[AMARA]}/withdrawal")).text
    return [title.removeprefix("Ask ").partition(" ")[0] for title, _ in cards_in(page)[:-1]]


@pytest.mark.parametrize(
    "why",
    [
        "kept apart",
        "kept apart from the asker",
        "away",
        "not free",
        "not client",
        "pinned",
        "in another group then",
        "in another cohort then",
    ],
)
async def test_whoever_it_would_not_suit_is_left_out_in_silence(evening: Evening, why: str) -> None:
    made, store, now = evening.made, evening.house.store, evening.house.now
    dev, farid, amara = made.members[DEV], made.members[FARID], made.members[AMARA]
    assert await offered(evening) == ["Dev", "Esther", "Ioan"]

    def apart(one: UUID, other: UUID) -> KeepApart:
        return KeepApart(cohort_id=made.cohort, one=one, other=other, since=now, by=made.tutors[0])

    def work(db: Session) -> None:
        match why:
            case "kept apart":
                db.add(apart(dev, farid))
            case "kept apart from the asker":
                db.add(apart(amara, made.members[IOAN]))  # she would sit with him in Dev's and in Esther's place
            case "away":
                db.add(Away(practice_id=made.sessions[THE_15TH], membership_id=dev, since=now, by=made.tutors[0]))
            case "not client":
                db.add(Preference(id=made.cohort, membership_id=dev, kind="not_client", since=now))
            case "pinned":
                group = sorted(str(made.members[each]) for each in (DEV, IOAN, ESTHER))
                db.execute(update(PlanDraft).values(pins=[[THE_22ND, group]]))

    if why == "not free":
        await offers(store, made.people[DEV], (3, 9, 12, "free"))
    elif why == "in another group then":
        await regrouped(store, made, THE_15TH, [(AMARA, HANNA, FARID), (BEN, CHLOE, GRACE), (DEV, ESTHER)])
        evening.on_15th[AMARA] = made.seats[THE_15TH][amara]
    elif why == "in another cohort then":
        elsewhere = await a_cohort(store, name="Saturdays", trainees=3, weeks=4)  # on the same Thursdays
        await store.write(
            lambda db: db.execute(
                update(Membership).where(Membership.id == elsewhere.members[0]).values(person_id=made.people[DEV])
            )
        )
    else:
        await store.write(work)
    left = {"kept apart from the asker": ["Ioan"], "pinned": [], "in another group then": ["Ioan"]}
    found = await offered(evening)
    assert found == left.get(why, ["Esther", "Ioan"])
    page = (await (await evening.as_(AMARA)).get(f"/seats/{evening.on_15th[AMARA]}/withdrawal")).text
    assert not any(word in page for word in ("apart", "pinned", "not client", "Saturdays"))


async def test_nobody_but_those_offered_can_be_asked_and_why_not_is_never_said(evening: Evening) -> None:
    made = evening.made
    await evening.house.store.write(
        lambda db: db.add(
            KeepApart(
                cohort_id=made.cohort, one=made.members[DEV], other=made.members[FARID], since=evening.house.now,
                by=made.tutors[0],
            )
        )
    )  # fmt: skip
    amara, said = await evening.as_(AMARA), []
    for choice in (f"swap-{evening.on_22nd[DEV]}", f"swap-{evening.on_22nd[BEN]}", f"cover-{made.members[DEV]}", "x"):
        answer = await amara.send_form(f"/seats/{evening.on_15th[AMARA]}/withdrawal", {"choice": choice})
        assert answer.status_code == 422
        said.append(words_of(answer.text))
    assert len(set(said)) == 1
    assert "That isn’t possible any more" in said[0]
    assert await evening.requests() == []


async def test_with_nobody_to_ask_what_follows_is_said_before_the_one_button(evening: Evening) -> None:
    made = await a_cohort(evening.house.store, name="Everybody comes", trainees=3, weeks=2)
    seat = made.seats[1][made.members[0]]
    page = (await (await evening.house.as_(made.people[0])).get(f"/seats/{seat}/withdrawal")).text
    assert cards_in(page) == []
    assert "What follows Marion will see how the group goes on. Ben and Chloe hear once that’s settled." in words_of(
        page
    )
    assert "You’d have 2 of your 4 hours planned." in words_of(page)
    assert 'name="choice" value="tell"' in page


# --- asking -----------------------------------------------------------------------------------------------------


async def test_asking_changes_nothing_yet_and_tells_the_person_asked_alone(evening: Evening) -> None:
    before = await evening.letters()
    path = await evening.ask("See you some other Thursday. A cousin’s wedding.")
    assert await evening.ask("Pressed twice.") == path
    assert await evening.sitting(THE_15TH) == [{AMARA, FARID, HANNA}, {BEN, CHLOE, GRACE}]
    assert await evening.clerk() == [("swap-asked", "Dev Mehta", "Could you swap on Thursday 15 October?")]
    assert await evening.clerk() == []
    letter = next(one for id_, one in (await evening.letters()).items() if id_ not in before)
    text = text_of(letter)
    assert "Amara Okafor can’t make Thursday 15 October, 18:30 UK time. Could you come instead?" in text
    assert f"http://127.0.0.1:8000{path}" in text
    assert "There’s a line for you there too." in text
    assert b"wedding" not in letter.message
    deeds = await evening.house.store.read(lambda db: db.scalars(select(Deed)).all())
    assert [(deed.verb, sorted(deed.subject)) for deed in deeds] == [("asked for a swap", ["request", "seat"])]
    assert "wedding" not in str([deed.subject for deed in deeds])


async def test_the_person_asked_sees_both_sessions_what_changes_and_the_line(evening: Evening) -> None:
    path = await evening.ask("No worries at all if it doesn’t suit.")
    page = (await (await evening.as_(DEV)).get(path)).text
    words = words_of(page)
    for each in (
        "Could you swap with Amara? Amara can’t make Thursday 15 October. Yes or no are both fine.",
        "You’d come on Thursday 15 October 18:30 to 20:30 UK time Elm House With Farid and Hanna",
        "Counsellor Client Observer",
        "Amara would take your place on Thursday 22 October 18:30 to 20:30 UK time Elm House With Esther and Ioan",
        "Your turns stay as they are: 3, 3 and 3 over the term.",
        "Your hours stay at 6 h planned.",
        "You’d work with Hanna for the first time.",
        "You’d not work with Ioan this term.",
        "“No worries at all if it doesn’t suit.” Amara. Only you see this, and only until you’ve answered.",
        "By Wednesday 14 October, 18:30 , please. Amara sees only yes or no.",
    ):
        assert each in words, (each, words)
    own = words_of((await (await evening.as_(AMARA)).get(path)).text)
    assert own.startswith("You’ve asked Dev Your place on Thursday 15 October stays yours until Dev says yes.")
    assert "Take it back" in own
    assert "No worries" not in own


async def test_opening_the_link_changes_nothing(evening: Evening) -> None:
    path = await evening.ask()
    dev = await evening.as_(DEV)
    before = await evening.requests()
    for way in (dev.get, dev.head):
        for address in (path, f"{path}/acceptance", f"{path}/no-thanks"):
            assert (await way(address)).status_code in {200, 405}
    assert [(one.id, one.settled_at) for one in await evening.requests()] == [(before[0].id, None)]
    assert await evening.sitting(THE_15TH) == [{AMARA, FARID, HANNA}, {BEN, CHLOE, GRACE}]


async def test_only_the_two_it_is_about_find_the_question(evening: Evening) -> None:
    path = await evening.ask()
    for browser in (await evening.as_(HANNA), await evening.tutor()):
        for answer in (
            await browser.get(path),
            await browser.send_form(f"{path}/acceptance", {"seen": "x"}),
            await browser.send_form(f"{path}/no-thanks"),
            await browser.send_form(f"{path}/ending"),
        ):
            assert answer.status_code == 404
    assert (await (await evening.as_(AMARA)).send_form(f"{path}/acceptance")).status_code == 404
    assert (await (await evening.as_(DEV)).send_form(f"{path}/ending")).status_code == 404
    assert [one.settled_at for one in await evening.requests()] == [None]


# --- yes --------------------------------------------------------------------------------------------------------


async def test_yes_swaps_the_two_places_and_only_those_it_concerns_hear(evening: Evening) -> None:
    """Story 3 as trainees live it, with every letter that left."""
    path, before = await evening.ask("A line."), await evening.letters()
    was = {week: await roles(evening, week) for week in (THE_15TH, THE_22ND)}
    uids = {who: (await evening.seat(week, who)).uid for week, who in ((THE_15TH, AMARA), (THE_22ND, DEV))}
    answer = await evening.say_yes(path)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await evening.sitting(THE_15TH) == [{BEN, CHLOE, GRACE}, {DEV, FARID, HANNA}]
    assert await evening.sitting(THE_22ND) == [{AMARA, ESTHER, IOAN}, {BEN, CHLOE, GRACE}]
    assert await roles(evening, THE_15TH) == {DEV if who == AMARA else who: it for who, it in was[THE_15TH].items()}
    assert await roles(evening, THE_22ND) == {AMARA if who == DEV else who: it for who, it in was[THE_22ND].items()}
    new = {(await evening.seat(THE_15TH, DEV)).uid, (await evening.seat(THE_22ND, AMARA)).uid}
    assert len(new | set(uids.values())) == 4, "a place given up and taken by somebody else is a new entry"
    assert await evening.written_since(before) == [
        ("cancellation", "Amara Okafor", "Cancelled: Thursday 15 October, 18:30"),
        ("cancellation", "Dev Mehta", "Cancelled: Thursday 22 October, 18:30"),
        ("change", "Esther Cohen", "Changed: Thursday 22 October now with Amara and Ioan"),
        ("change", "Farid Rahimi", "Changed: Thursday 15 October now with Dev and Hanna"),
        ("change", "Hanna Kaya", "Changed: Thursday 15 October now with Dev and Farid"),
        ("change", "Ioan Popescu", "Changed: Thursday 22 October now with Amara and Esther"),
        ("invitation", "Amara Okafor", "Thursday 22 October, 18:30: your practice session"),
        ("invitation", "Dev Mehta", "Thursday 15 October, 18:30: your practice session"),
    ]
    assert await evening.clerk() == [
        ("swap-answered", "Amara Okafor", "Yes to your question about Thursday 15 October"),
        ("swap-told", "Marion Shaw", "Two people have swapped: Thursday 15 October"),
    ]
    assert [(one.settled_as, one.words) for one in await evening.requests()] == [("accepted", "")]
    versions = await evening.house.store.read(lambda db: db.scalars(select(PlanVersion)).all())
    assert [(one.why, sorted(one.after)) for one in versions] == [
        ("swapped", sorted(str(evening.made.sessions[week]) for week in (THE_15TH, THE_22ND)))
    ]


async def roles(evening: Evening, week: int) -> dict[int, dict[int, str]]:
    """What everybody is in each round."""

    def work(db: Session) -> dict[int, dict[int, str]]:
        found: dict[int, dict[int, str]] = {}
        held = select(Seat.membership_id, Turn.round, Turn.role).join(Turn, Turn.seat_id == Seat.id)
        for member, number, role in db.execute(held.where(Seat.practice_id == evening.made.sessions[week])):
            found.setdefault(evening.made.members.index(member), {})[number] = role
        return found

    return await evening.house.store.read(work)


async def test_yes_said_twice_or_in_two_tabs_is_said_once(evening: Evening) -> None:
    path = await evening.ask()
    dev = await evening.as_(DEV)
    seen = seen_in((await dev.get(path)).text)
    first = await dev.send_form(f"{path}/acceptance", {"seen": seen})
    before = list(await evening.letters()), await evening.sitting(THE_15TH)
    second = await dev.send_form(f"{path}/acceptance", {"seen": seen})
    assert (first.status_code, second.status_code) == (303, 303)
    assert "You’ve said yes Thank you. You’re down for Thursday 15 October now." in words_of((await dev.get(path)).text)
    assert (list(await evening.letters()), await evening.sitting(THE_15TH)) == before
    own = words_of((await (await evening.as_(AMARA)).get(path)).text)
    assert "Dev said yes Dev comes on Thursday 15 October." in own


async def test_of_two_who_are_said_yes_to_at_once_one_wins_and_the_other_gets_kind_words(evening: Evening) -> None:
    """Two questions lie with Dev, for the same place of his; he says yes to both in two tabs."""
    path = await evening.ask()
    farid = await evening.as_(FARID)
    page = (await farid.get(f"/seats/{evening.on_15th[FARID]}/withdrawal")).text
    assert [title for title, _ in cards_in(page)][:-1] == ["Ask Esther to swap weeks", "Ask Ioan to swap weeks"]
    # As it may be where the two asked in the same moment, each before the other's question was there:
    other = await a_question(evening, evening.on_15th[FARID], DEV, evening.on_22nd[DEV])
    dev = await evening.as_(DEV)
    seen = {each: seen_in((await dev.get(each)).text) for each in (path, other)}
    assert (await dev.send_form(f"{other}/acceptance", {"seen": seen[other]})).status_code == 303
    late = await dev.send_form(f"{path}/acceptance", {"seen": seen[path]})
    assert late.status_code == 409
    assert "Your own place has changed since" in words_of(late.text)
    assert await evening.sitting(THE_15TH) == [{AMARA, DEV, HANNA}, {BEN, CHLOE, GRACE}]
    assert await evening.sitting(THE_22ND) == [{BEN, CHLOE, GRACE}, {ESTHER, FARID, IOAN}]
    assert [one.settled_as for one in await evening.requests()] == ["overtaken", "accepted"]
    written = await evening.clerk()
    assert ("swap-answered", "Amara Okafor", "About your question for Thursday 15 October") in written


async def test_of_two_answers_in_the_same_moment_one_wins_whatever_the_order(evening: Evening) -> None:
    path = await evening.ask()
    other = await a_question(evening, evening.on_15th[FARID], DEV, evening.on_22nd[DEV])
    dev = await evening.as_(DEV)
    seen = {each: seen_in((await dev.get(each)).text) for each in (path, other)}
    answers = await asyncio.gather(
        *(dev.send_form(f"{each}/acceptance", {"seen": seen[each]}) for each in (path, other, path, other))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 303, 409, 409]
    assert sorted(str(one.settled_as) for one in await evening.requests()) == ["accepted", "overtaken"]
    on_15th, on_22nd = await evening.sitting(THE_15TH), await evening.sitting(THE_22ND)
    assert sorted(map(len, on_15th)) == sorted(map(len, on_22nd)) == [3, 3]
    assert len(set().union(*on_15th)) == len(set().union(*on_22nd)) == 6
    assert (DEV in set().union(*on_15th), DEV in set().union(*on_22nd)) == (True, False)


async def a_question(evening: Evening, seat: UUID, asked: int, in_return: UUID | None) -> str:
    """A question as a row, whoever it might have been offered to."""
    id_, now = an_id(), evening.house.now
    await evening.house.store.write(
        lambda db: db.add(
            SwapRequest(
                id=id_, seat_id=seat, asked_id=evening.made.members[asked], in_return_id=in_return, words="",
                asked_at=now, expires_at=now + timedelta(days=6),
            )
        )
    )  # fmt: skip
    return f"/swaps/{id_}"


# --- no, never mind, and no answer --------------------------------------------------------------------------------


async def test_no_thanks_tells_the_asker_alone_who_is_not_offered_them_again(evening: Evening) -> None:
    path, dev = await evening.ask("A line."), await evening.as_(DEV)
    await evening.clerk()
    for _ in range(2):
        assert (await dev.send_form(f"{path}/no-thanks")).status_code == 303
    assert await evening.clerk() == [("swap-answered", "Amara Okafor", "No, for Thursday 15 October")]
    assert [(one.settled_as, one.words) for one in await evening.requests()] == [("declined", "")]
    assert "You’ve said no thanks That’s fine. Amara sees only that it was a no." in words_of(
        (await dev.get(path)).text
    )
    page = words_of((await (await evening.as_(AMARA)).get(path)).text)
    assert "Dev can’t Your place on Thursday 15 October is still yours. See what else would work" in page
    assert await offered(evening) == ["Esther", "Ioan"]
    too_late = await dev.send_form(f"{path}/acceptance", {"seen": "x"})
    assert too_late.status_code == 409
    assert await evening.sitting(THE_15TH) == [{AMARA, FARID, HANNA}, {BEN, CHLOE, GRACE}]


async def test_a_question_can_be_taken_back_before_its_letter_leaves_and_after(evening: Evening) -> None:
    path, amara = await evening.ask(), await evening.as_(AMARA)
    other = await amara.send_form(
        f"/seats/{evening.on_15th[AMARA]}/withdrawal", {"choice": f"swap-{evening.on_22nd[IOAN]}"}
    )
    assert other.status_code == 422
    assert "You’re waiting for an answer already." in words_of(other.text)
    assert (await amara.send_form(f"{path}/ending")).status_code == 303
    assert await evening.clerk() == []
    assert await offered(evening) == ["Dev", "Esther", "Ioan"]
    again = await evening.ask()
    assert await evening.clerk() == [("swap-asked", "Dev Mehta", "Could you swap on Thursday 15 October?")]
    await amara.send_form(f"{again}/ending")
    assert await evening.clerk() == []
    page = words_of((await (await evening.as_(DEV)).get(again)).text)
    assert "Amara isn’t asking any more There’s nothing for you to do. Thank you for looking." in page


async def test_without_an_answer_the_asker_and_the_tutor_hear_a_day_before(evening: Evening) -> None:
    path = await evening.ask("A line.")
    await evening.clerk()
    evening.house.now = (await evening.requests())[0].expires_at - timedelta(seconds=1)
    assert [kind for kind, *_ in await evening.clerk()] == []
    evening.house.later(seconds=1)
    assert await evening.clerk() == [
        ("swap-answered", "Amara Okafor", "No answer yet about Thursday 15 October"),
        ("swap-told", "Marion Shaw", "No answer to a swap for Thursday 15 October"),
    ]
    told = [one for one in (await evening.letters()).values() if one.kind == "swap-told"]
    assert "Dev" not in text_of(told[0])
    assert [(one.settled_as, one.words) for one in await evening.requests()] == [("expired", "")]
    late = await (await evening.as_(DEV)).send_form(f"{path}/acceptance", {"seen": "x"})
    assert late.status_code == 409
    assert "The time to answer has passed" in words_of(late.text)
    assert await evening.sitting(THE_15TH) == [{AMARA, FARID, HANNA}, {BEN, CHLOE, GRACE}]


# --- what changes while a question waits ----------------------------------------------------------------------------


async def test_a_session_that_moved_is_shown_as_it_is_now_and_asked_about_again(evening: Evening) -> None:
    path, dev = await evening.ask(), await evening.as_(DEV)
    seen = seen_in((await dev.get(path)).text)
    await moved(evening, starts=timedelta(hours=1))
    answer = await dev.send_form(f"{path}/acceptance", {"seen": seen})
    assert answer.status_code == 422
    words = words_of(answer.text)
    assert "Something changed while this page was open. Here is how it stands now." in words
    assert "Thursday 15 October 19:30 to 21:30 UK time" in words
    assert await evening.sitting(THE_15TH) == [{AMARA, FARID, HANNA}, {BEN, CHLOE, GRACE}]
    assert (await dev.send_form(f"{path}/acceptance", {"seen": seen_in(answer.text)})).status_code == 303
    assert await evening.sitting(THE_15TH) == [{BEN, CHLOE, GRACE}, {DEV, FARID, HANNA}]


async def moved(evening: Evening, starts: timedelta) -> None:
    def work(db: Session) -> None:
        practice = db.get_one(PracticeSession, evening.made.sessions[THE_15TH])
        practice.starts_at, practice.ends_at = practice.starts_at + starts, practice.ends_at + starts

    await evening.house.store.write(work)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("called off", "That session has been called off"),
        ("begun", "That session has begun"),
        ("asker regrouped", "Amara’s place has been settled another way"),
        ("asked person regrouped", "Your own place has changed since"),
        ("sits there already", "You’re down for that session already"),
        ("kept apart since", "This isn’t possible any more"),
        ("has left", None),
    ],
)
async def test_what_can_no_longer_be_is_said_in_words_with_what_next(
    evening: Evening, what: str, said: str | None
) -> None:
    path, dev, made = await evening.ask("A line."), await evening.as_(DEV), evening.made
    seen = seen_in((await dev.get(path)).text)
    seats: dict[str, Any] = {"asker regrouped": evening.on_15th[AMARA], "asked person regrouped": evening.on_22nd[DEV]}

    def work(db: Session) -> None:
        if what == "called off":
            practice = db.get_one(PracticeSession, made.sessions[THE_15TH])
            practice.cancelled_at, practice.cancelled_by = evening.house.now, made.tutors[0]
        elif what in seats:
            db.execute(update(Seat).where(Seat.id == seats[what]).values(given_up_at=evening.house.now))
        elif what == "kept apart since":
            db.add(
                KeepApart(
                    cohort_id=made.cohort, one=made.members[DEV], other=made.members[HANNA], since=evening.house.now,
                    by=made.tutors[0],
                )
            )  # fmt: skip
        elif what == "has left":
            db.get_one(Membership, made.members[DEV]).left_at = evening.house.now
        elif what == "sits there already":
            one = db.get_one(Seat, evening.on_15th[BEN])
            one.membership_id = made.members[DEV]

    await evening.house.store.write(work)
    if what == "begun":
        evening.house.later(days=9)
        dev = await evening.as_(DEV)
    sitting = [await evening.sitting(week) for week in (THE_15TH, THE_22ND)]
    page = await dev.get(path)
    answer = await dev.send_form(f"{path}/acceptance", {"seen": seen})
    assert [await evening.sitting(week) for week in (THE_15TH, THE_22ND)] == sitting
    if said is None:
        assert (page.status_code, answer.status_code) == (404, 404)
        return
    assert (page.status_code, answer.status_code) == (200, 409)
    assert said in words_of(page.text)
    assert said in words_of(answer.text)
    assert "Your dates" in words_of(answer.text)
    assert "Error:" not in answer.text


async def test_an_old_link_to_a_place_says_in_words_what_became_of_it(evening: Evening) -> None:
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}/withdrawal"
    await evening.say_yes(await evening.ask())
    assert "Somebody else has your place on Thursday 15 October" in words_of((await amara.get(link)).text)
    for way in ("withdrawal", "return"):
        answer = await amara.send_form(f"/seats/{evening.on_15th[AMARA]}/{way}")
        assert answer.status_code == 422
        assert "Your place in this session has gone to somebody else meanwhile." in words_of(answer.text)
    await evening.house.store.write(
        lambda db: db.execute(
            update(PracticeSession)
            .where(PracticeSession.id == evening.made.sessions[1])
            .values(cancelled_at=evening.house.now)
        )
    )
    seat = evening.made.seats[1][evening.made.members[AMARA]]
    off = words_of((await amara.get(f"/seats/{seat}/withdrawal")).text)
    assert "Thursday 8 October has been called off There’s nothing you have to do." in off
    past = evening.made.seats[0][evening.made.members[AMARA]]
    assert "This session has begun" in words_of((await amara.get(f"/seats/{past}/withdrawal")).text)


async def test_a_link_from_before_somebody_came_back_leads_to_the_place_they_hold_now(evening: Evening) -> None:
    amara, link = await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}"
    await amara.send_form(f"{link}/withdrawal")
    await evening.house.store.write(
        lambda db: db.execute(
            update(Letter).where(Letter.kind == "cancellation").values(sent_at=evening.house.now, tries=1)
        )
    )
    await amara.send_form(f"{link}/return")
    assert (await evening.seat(THE_15TH, AMARA)).id != evening.on_15th[AMARA], "taken again, with a UID of its own"
    assert len(cards_in((await amara.get(f"{link}/withdrawal")).text)) == 4
    assert (await amara.send_form(f"{link}/withdrawal")).status_code == 303
    withdrawn = await evening.house.store.read(
        lambda db: db.scalars(select(Withdrawal).where(Withdrawal.taken_back_at.is_(None))).all()
    )
    assert [one.seat_id for one in withdrawn] == [(await evening.seat(THE_15TH, AMARA)).id]


async def test_letting_the_tutor_know_while_a_question_waits_leaves_it_open_and_coming_back_takes_it_back(
    evening: Evening,
) -> None:
    path, amara, link = await evening.ask(), await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}"
    assert "You’ve asked Dev about Thursday 15 October" in words_of((await amara.get(f"{link}/withdrawal")).text)
    assert (await amara.send_form(f"{link}/withdrawal", {"choice": "tell"})).status_code == 303
    assert [one.settled_as for one in await evening.requests()] == [None]
    await evening.clerk()
    assert (await amara.send_form(f"{link}/return")).status_code == 303
    assert [one.settled_as for one in await evening.requests()] == ["taken_back"]
    assert "Amara isn’t asking any more" in words_of((await (await evening.as_(DEV)).get(path)).text)


async def test_no_answer_to_somebody_who_has_told_their_tutor_meanwhile_needs_no_letter(evening: Evening) -> None:
    await evening.ask()
    await (await evening.as_(AMARA)).send_form(f"/seats/{evening.on_15th[AMARA]}/withdrawal", {"choice": "tell"})
    evening.house.later(minutes=11)
    assert await evening.clerk() == [
        ("away", "Marion Shaw", "Somebody can’t make Thursday 15 October"),
        ("swap-asked", "Dev Mehta", "Could you swap on Thursday 15 October?"),
    ]
    evening.house.now = (await evening.requests())[0].expires_at
    assert await evening.clerk() == []
    assert [one.settled_as for one in await evening.requests()] == ["expired"]


# --- what it costs ------------------------------------------------------------------------------------------------


async def test_the_page_asks_as_seldom_for_forty_people_as_for_nine(evening: Evening) -> None:
    made = await a_cohort(evening.house.store, name="Forty", trainees=40, weeks=10)
    groups: list[tuple[int, ...]] = [(3 * n, 3 * n + 1, 3 * n + 2) for n in range(9)]
    await regrouped(evening.house.store, made, 5, groups)
    seat = made.seats[5][made.members[0]]
    asked = []
    for browser, address in (
        (await evening.as_(AMARA), f"/seats/{evening.on_15th[AMARA]}/withdrawal"),
        (await evening.house.as_(made.people[0]), f"/seats/{seat}/withdrawal"),
    ):
        with counted() as statements:
            answer = await browser.get(address)
        assert answer.status_code == 200
        asked.append(len(statements))
    assert asked == [8, 8]


# --- the cohort's own terms -----------------------------------------------------------------------------------------


async def test_tutors_choose_the_notice_and_the_number_for_the_last_moment(evening: Evening) -> None:
    tutor, address = await evening.tutor(), f"/cohorts/{evening.made.cohort}"
    refused = await tutor.send_form(f"{address}/notice", {"notice": "1", "phone": "01632 960001"})
    assert refused.status_code == 422
    assert "Enter a number of hours from 2 to 168." in words_of(refused.text)
    assert 'value="01632 960001"' in refused.text
    assert (await tutor.send_form(f"{address}/notice", {"notice": "48", "phone": "01632 960001"})).status_code == 303
    cohort = await evening.house.store.read(lambda db: db.get_one(Cohort, evening.made.cohort))
    assert (cohort.notice_hours, cohort.phone) == (48, "01632 960001")
    page = words_of((await (await evening.as_(AMARA)).get(f"/seats/{evening.on_15th[AMARA]}/withdrawal")).text)
    assert "by Tuesday 13 October, 18:30" in page
    assert "01632" not in page, "it is for the last moment"


async def test_home_shows_every_question_that_waits_about_ones_own_place_or_not(evening: Evening) -> None:
    by, now = evening.house.now + timedelta(days=2), evening.house.now
    asked = SwapRequest(
        id=an_id(), seat_id=evening.on_15th[AMARA], asked_id=evening.made.members[DEV], in_return_id=None,
        asked_at=now, expires_at=by,
    )  # fmt: skip
    await evening.house.store.write(lambda db: db.add(asked))
    dev, amara, esther = [await evening.as_(who) for who in (DEV, AMARA, ESTHER)]
    (question,) = await evening.requests()
    for path in ("/", "/calendar"):
        page = (await dev.get(path)).text
        assert f'<a href="/swaps/{question.id}"><b>Amara asks: could you come on Thursday 15 October?</b>' in page
        assert "You’ve asked Dev about Thursday 15 October" in (await amara.get(path)).text
        assert "/swaps/" not in (await esther.get(path)).text
