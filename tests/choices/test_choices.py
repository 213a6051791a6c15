"""How somebody would rather practise: chosen in private, honoured by the plan, and told to nobody else."""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import BEFORE, Class, a_cohort, a_person, all_told, an_id
from tests.house import Browser, House
from tests.plans.test_plan import drawn
from threefold.choices.queries import briefs
from threefold.clerk import Clerk
from threefold.core.choices import brief_for, following
from threefold.core.roles import Role
from threefold.mail.letters import Postroom
from threefold.plans import queries as plans
from threefold.store import sessions
from threefold.store.tables import (
    ApartRequest,
    Cohort,
    Concern,
    ConcernReader,
    Deed,
    KeepApart,
    Letter,
    Preference,
    Turn,
    metadata,
)
from threefold.web.access import Right, cohort_for
from threefold.web.templates import environment

REASON = "Ben and I were together until June."


async def all_of(house: House, asked: Any) -> Sequence[Any]:
    return await house.store.read(lambda db: db.scalars(asked).all())


async def choose(browser: Browser, built: Class, kind: str, when: str | UUID = "term") -> None:
    answer = await browser.send_form(f"/cohorts/{built.cohort}/choices", {"kind": kind, "when": str(when)})
    assert answer.headers["location"] == f"/cohorts/{built.cohort}/choices?done=chosen", answer.text


async def ask(browser: Browser, built: Class, other: UUID, reason: str = "") -> None:
    words = {"other": str(other), "reason": reason, "id": str(an_id())}
    answer = await browser.send_form(f"/cohorts/{built.cohort}/apart-requests", words)
    assert answer.status_code == 303, answer.text


async def page_of(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def paths_of(built: Class) -> list[str]:
    """Everything a trainee can look at that has to do with others."""
    return [
        "/", "/calendar", "/feedback", "/me", "/choices", "/concerns", "/concerns/new", "/help",
        f"/cohorts/{built.cohort}/choices", f"/cohorts/{built.cohort}/contract",
        *(f"/practice/{practice}" for practice in built.sessions),
        f"/feedback/{built.triads[0][0]}/1", f"/feedback/{built.triads[1][0]}/1",
    ]  # fmt: skip


async def seen_by(browser: Browser, built: Class) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    """Every byte of every page, with its headers; the ids that forms carry are new each time."""
    found = {}
    for path in paths_of(built):
        answer = await browser.get(path)
        content = re.sub(rb'name="id" value="[0-9a-f-]+"', b"", answer.content)
        found[path] = (answer.status_code, content, dict(answer.headers) | {"content-length": ""})
    return found


async def problem_of(house: House, built: Class) -> Any:
    """The course as the engine is given it."""
    token_of = await house.as_(built.tutors[0])
    token = token_of.cookies.get("threefold")

    def work(db: Session) -> Any:
        me = sessions.who(db, token, house.now)
        assert me is not None
        return plans.course(db, cohort_for(db, me, built.cohort, Right.TUTOR)).problem

    return await house.store.read(work)


# --- the whole story ------------------------------------------------------------------------------------------


async def test_story_seven_a_brief_and_kept_apart_without_a_reason_and_nobody_sees_anything(house: House) -> None:
    built = await a_cohort(house.store)
    jo = await a_person(house.store, "Jo Reed")
    await house.store.write(lambda db: db.add(ConcernReader(person_id=jo, since=BEFORE)))
    amara, ben, chloe = [await house.as_(person) for person in built.people[:3]]
    tutor, reader = await house.as_(built.tutors[0]), await house.as_(jo)
    before = {who: await seen_by(who, built) for who in (ben, chloe)}
    before_tutor = [await page_of(tutor, f"/practice/{practice}") for practice in built.sessions]

    await choose(amara, built, "brief")
    assert [await page_of(tutor, f"/practice/{practice}") for practice in built.sessions] == before_tutor
    await ask(amara, built, built.members[1], REASON)

    # One mail leaves for whoever reads concerns: that there is something. None of any mail tells what it is.
    await Clerk(house.store, Postroom(house.settings, environment()), clock=lambda: house.now).round()
    mails = await all_of(house, select(Letter))
    assert [mail.kind for mail in mails if mail.person_id == jo] == ["concern-waiting"]
    assert not {mail.person_id for mail in mails} & {*built.people[1:3]}
    for mail in mails:
        assert not re.search(r"Amara|Ben Hughes|June|brief|apart", mail.subject + mail.message.decode()), mail.kind

    # Ben and Chloe, who share a group with Amara: nothing, byte for byte.
    for who in (ben, chloe):
        assert await seen_by(who, built) == before[who]

    # The tutor: the request without its reason.
    path = f"/cohorts/{built.cohort}/apart-requests"
    asked = await page_of(tutor, path)
    assert "<b>Amara Okafor</b> asks not to be placed with <b>Ben Hughes</b>." in asked
    overview = await page_of(tutor, f"/cohorts/{built.cohort}")
    assert "1 request waits for you" in overview
    for page in (asked, overview, await page_of(tutor, f"/cohorts/{built.cohort}/people")):
        assert "June" not in page
        assert "brief" not in page.casefold()

    # The reader of concerns: the reason, once opened.
    (concern,) = await all_of(house, select(Concern.id))
    await reader.send_form(f"/concerns/{concern}/looks")
    assert f"I asked not to be placed with Ben Hughes.\n\n{REASON}" in await page_of(reader, f"/concerns/{concern}")

    # The tutor keeps them apart; the plans to come honour it.
    (request,) = await all_of(house, select(ApartRequest.id))
    answer = await tutor.send_form(f"{path}/{request}/settlement", {"how": "kept_apart"})
    assert answer.headers["location"] == f"{path}?done=kept"
    apart = frozenset((str(built.members[0]), str(built.members[1])))
    assert (await problem_of(house, built)).apart == {apart}
    assert "You are not placed together any more." in await page_of(amara, f"/cohorts/{built.cohort}/choices")
    for who in (ben, chloe):
        assert await seen_by(who, built) == before[who]

    # The brief is delivered, to Amara alone.
    brief = brief_for(briefs(), built.members[0], 2)
    for where in ("/", f"/practice/{built.sessions[1]}"):
        page = await page_of(amara, where)
        assert f"Your brief as client: {brief.title}" in page
        assert brief.mind in page
        assert brief.title not in await page_of(ben, where)


# --- a brief --------------------------------------------------------------------------------------------------


async def test_a_brief_is_whole_on_a_page_of_its_own_and_another_that_was_taken_stays(house: House) -> None:
    built = await a_cohort(house.store)
    amara, ben, tutor = [await house.as_(who) for who in (*built.people[:2], built.tutors[0])]
    session = f"/practice/{built.sessions[1]}"
    path, brief = f"{session}/brief", brief_for(briefs(), built.members[0], 2)
    for browser in (amara, ben):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.send_form(path, {"code": brief.code})).status_code == 404
    await choose(amara, built, "brief")
    before = await seen_by(ben, built)
    for _ in range(3):
        page = await page_of(amara, path)
        assert all(words in page for words in (brief.title, brief.who, brief.mind, brief.feeling, brief.after))
        another = following(briefs(), brief)
        assert f'name="code" value="{another.code}"' in page
        for _ in range(2):  # a double click takes one
            answer = await amara.send_form(path, {"code": another.code})
            assert (answer.status_code, answer.headers["location"]) == (303, path)
        brief = another
        for where in ("/", session, path):
            assert brief.title in await page_of(amara, where), "also the next time, wherever it is shown"
    assert (await amara.send_form(path, {"code": "none-such"})).status_code == 303
    assert brief.title in await page_of(amara, path)
    assert brief.title not in await page_of(amara, f"/practice/{built.sessions[2]}"), "it was taken for that date"
    for browser in (ben, tutor):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.send_form(path, {"code": brief.code})).status_code == 404
    assert await seen_by(ben, built) == before
    assert await all_of(house, select(Deed.verb)) == []


async def test_after_the_session_there_is_a_way_out_of_the_role_for_a_day(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    await choose(amara, built, "brief", built.sessions[1])
    brief = brief_for(briefs(), built.members[0], 2)
    house.later(days=1, hours=8)  # half past eight in the evening of the next day, as it ends
    for path in ("/", f"/practice/{built.sessions[1]}"):
        page = await page_of(amara, path)
        assert "Step out of the role" in page
        assert brief.after in page
    assert "Step out" not in await page_of(await house.as_(built.people[1]), "/")
    house.later(days=1)
    assert "Step out" not in await page_of(amara, "/")


async def test_choosing_twice_holds_once_and_one_tap_takes_it_back(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    for _ in range(2):
        await choose(amara, built, "brief")
    (chosen,) = await all_of(house, select(Preference.id))
    path = f"/cohorts/{built.cohort}/choices"
    assert "<b>A brief as client</b>, the whole term" in await page_of(amara, path)
    for _ in range(2):
        answer = await amara.send_form(f"{path}/{chosen}/ending")
        assert answer.headers["location"] == f"{path}?done=back"
    assert "Your brief" not in await page_of(amara, "/")
    assert "A brief as client</b>, the" not in await page_of(amara, path)


async def test_what_is_forged_or_over_is_refused_with_what_to_do(house: House) -> None:
    built = await a_cohort(house.store)
    other = await a_cohort(house.store, name="Another")
    amara, ben = await house.as_(built.people[0]), await house.as_(built.people[1])
    path = f"/cohorts/{built.cohort}/choices"
    for words, said in (
        ({"kind": "observer", "when": "term"}, "Choose what you would rather."),
        ({"kind": "brief", "when": "soon"}, "Choose one of your dates, or the whole term."),
        ({"kind": "brief", "when": str(other.sessions[1])}, "Choose one of your dates, or the whole term."),
        ({"kind": "brief", "when": str(built.sessions[0])}, "This session is no longer ahead."),
    ):
        answer = await amara.send_form(path, words)
        assert (answer.status_code, said in answer.text) == (422, True), words
    await choose(amara, built, "brief")
    (chosen,) = await all_of(house, select(Preference.id))
    for browser in (ben, await house.as_(built.tutors[0]), await house.as_(other.people[0])):
        assert (await browser.send_form(f"{path}/{chosen}/ending")).status_code == 404
    for foreign in (other.members[1], built.members[0], built.tutor_members[0], "x"):
        answer = await amara.send_form(f"/cohorts/{built.cohort}/apart-requests", {"other": str(foreign)})
        assert (answer.status_code, "Choose somebody of your group." in answer.text) == (422, True)


async def test_no_choice_leaves_a_trace_in_the_audit_or_a_place_for_a_reason(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    await choose(amara, built, "brief")
    await choose(amara, built, "not_client", built.sessions[1])
    await ask(amara, built, built.members[1])
    assert await all_of(house, select(Deed.verb)) == []
    columns = {column.name for table in ("preference", "apart_request") for column in metadata.tables[table].columns}
    assert not {name for name in columns if "reason" in name or "words" in name or "why" in name}


# --- not as client --------------------------------------------------------------------------------------------


async def test_the_engine_is_told_who_rests_and_a_plan_that_has_them_as_client_no_longer_fits(house: House) -> None:
    built = await a_cohort(house.store, trainees=9, weeks=3, published=False)
    amara, ben, tutor = [await house.as_(p) for p in (built.people[0], built.people[1], built.tutors[0])]
    base = f"/cohorts/{built.cohort}/plan"
    await drawn(tutor, built.cohort)
    assert "Your plan is ready to check" in await page_of(tutor, base)
    await choose(amara, built, "not_client", built.sessions[1])
    await choose(ben, built, "not_client")
    problem = await problem_of(house, built)
    one, other = str(built.members[0]), str(built.members[1])
    assert problem.rests == {(one, 1), (other, 0), (other, 1), (other, 2)}
    assert "Something changed, so the plan wants drawing again" in await page_of(tutor, base)
    await drawn(tutor, built.cohort)
    page = await page_of(tutor, base)
    assert "Your plan is ready to check" in page
    plan_id = re.findall(r'name="plan" value="([0-9a-f-]+)"', page)[0]
    answer = await tutor.send_form(f"{base}/publication", {"plan": plan_id})
    assert answer.status_code == 303, answer.text

    def clients(db: Session) -> set[tuple[UUID, UUID]]:
        seat, turn = metadata.tables["seat"], metadata.tables["turn"]
        asked = select(seat.c.membership_id, seat.c.practice_id).join(turn, turn.c.seat_id == seat.c.id)
        return {(row[0], row[1]) for row in db.execute(asked.where(turn.c.role == Role.CLIENT.value))}

    held = await house.store.read(clients)
    assert (built.members[0], built.sessions[1]) not in held
    assert not {practice for member, practice in held if member == built.members[1]}
    assert {practice for member, practice in held if member == built.members[0]} == {
        built.sessions[0],
        built.sessions[2],
    }
    practice = await page_of(tutor, f"/practice/{built.sessions[1]}")
    assert "rather not" not in practice, "the plan has it already"
    await all_told(house.store, built.cohort)


async def test_a_session_added_later_leaves_out_as_client_whoever_chose_so_for_the_term(house: House) -> None:
    built = await a_cohort(house.store, weeks=2)
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    await choose(amara, built, "not_client")
    path = f"/cohorts/{built.cohort}/sessions/new"
    words = {"date": "2026-11-05", "start": "18:30", "minutes": "120", "place": "Elm House", "link": ""}
    added = UUID((await tutor.send_form(path, words)).headers["location"].rpartition("/")[2])
    seat, turn = metadata.tables["seat"], metadata.tables["turn"]
    roles = await house.store.read(
        lambda db: db.execute(
            select(seat.c.membership_id, turn.c.role)
            .join(turn, turn.c.seat_id == seat.c.id)
            .where(seat.c.practice_id == added)
        ).all()
    )
    assert sorted(role for member, role in roles if member == built.members[0]) == ["counsellor", "observer"]
    assert len({member for member, role in roles if role == "client"}) == 5


async def test_what_is_taken_back_before_publishing_makes_the_plan_be_drawn_anew(house: House) -> None:
    built = await a_cohort(house.store, trainees=9, weeks=2, published=False)
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    await choose(amara, built, "not_client")
    base = f"/cohorts/{built.cohort}"
    await drawn(tutor, built.cohort)
    assert "Your plan is ready to check" in await page_of(tutor, f"{base}/plan")
    (chosen,) = await all_of(house, select(Preference.id))
    await amara.send_form(f"{base}/choices/{chosen}/ending")
    assert "Something changed, so the plan wants drawing again" in await page_of(tutor, f"{base}/plan")


async def test_after_publishing_it_says_honestly_what_happens_and_the_tutor_is_told_without_a_name(
    house: House,
) -> None:
    built = await a_cohort(house.store)
    amara, ben, tutor = [await house.as_(p) for p in (built.people[0], built.people[1], built.tutors[0])]
    before = await seen_by(ben, built)
    turns = await all_of(house, select(Turn.seat_id))
    await choose(amara, built, "not_client", built.sessions[1])
    own = await page_of(amara, f"/cohorts/{built.cohort}/choices")
    assert "<b>Not as client</b>, on Thursday 8 October" in own
    assert "still have you as client on 8 Oct." in own
    assert "say “not me today”" in await page_of(amara, f"/practice/{built.sessions[1]}")
    for path in (f"/practice/{built.sessions[1]}", f"/cohorts/{built.cohort}"):
        page = await page_of(tutor, path)
        assert "1 person would rather not be client on Thursday 8 October" in page
    assert "rather not" not in await page_of(tutor, f"/practice/{built.sessions[2]}")
    asked = await page_of(tutor, f"/cohorts/{built.cohort}/apart-requests")
    assert re.search(r"group \d</a>: Amara Okafor is client in round \d", asked)
    assert "The published plan" in await page_of(tutor, f"/cohorts/{built.cohort}/plan")
    assert "no longer say what is true" not in await page_of(tutor, f"/cohorts/{built.cohort}/plan")
    assert await seen_by(ben, built) == before
    assert await all_of(house, select(Turn.seat_id)) == turns, "nobody's place changes by itself"
    assert await all_of(house, select(Letter.id)) == []


async def test_a_tutor_leaves_the_round_out_and_its_people_hear_of_their_rounds_alone(house: House) -> None:
    built = await a_cohort(house.store)
    await all_told(house.store, built.cohort)
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    await choose(amara, built, "not_client", built.sessions[1])
    told = set(await all_of(house, select(Letter.id)))
    seat = built.seats[1][built.members[0]]
    words = {"practice": str(built.sessions[1]), "seat": str(seat)}
    path = f"/cohorts/{built.cohort}/rests"
    elsewhere = built.seats[1][built.members[4]]
    await tutor.send_form(path, {**words, "seat": str(elsewhere)})
    assert (await amara.send_form(path, words)).status_code == 404
    for _ in range(2):
        answer = await tutor.send_form(path, words)
        assert answer.headers["location"] == f"/cohorts/{built.cohort}/apart-requests?done=rests", answer.text
    triad = await house.store.read(
        lambda db: db.scalars(select(Turn.triad_id).where(Turn.seat_id == seat).distinct()).one()
    )
    turns = await all_of(house, select(Turn).where(Turn.triad_id == triad).order_by(Turn.round, Turn.role))
    assert [(turn.round, turn.role) for turn in turns] == [
        (number, role) for number in (1, 2) for role in ("client", "counsellor", "observer")
    ]
    assert seat not in [turn.seat_id for turn in turns if turn.role == "client"]
    assert len(await all_of(house, select(Turn.seat_id))) == 3 * 2 * 9 - 3
    for page in ("/", f"/practice/{built.sessions[1]}"):
        assert "not me today" not in await page_of(amara, page)
        assert (await page_of(amara, page)).count('class="rd ') == 2
    assert "rather not" not in await page_of(tutor, f"/practice/{built.sessions[1]}")
    new = [letter for letter in await all_of(house, select(Letter)) if letter.id not in told]
    assert {letter.kind for letter in new} == {"change"}
    assert len({letter.person_id for letter in new} | {built.people[0]}) == 3
    for letter in new:
        assert b"rather" not in letter.message


async def test_no_letter_says_what_anybody_chose(house: House) -> None:
    built = await a_cohort(house.store)
    await all_told(house.store, built.cohort)
    amara = await house.as_(built.people[0])
    told = set(await all_of(house, select(Letter.id)))
    await choose(amara, built, "brief")
    await choose(amara, built, "not_client", built.sessions[1])
    await ask(amara, built, built.members[1])
    for hours in range(0, 72, 6):
        house.now = BEFORE.replace(month=10, day=7, hour=0) + timedelta(hours=hours)
        await Clerk(house.store, Postroom(house.settings, environment()), clock=lambda: house.now).round()
    new = [letter for letter in await all_of(house, select(Letter)) if letter.id not in told]
    assert new
    for letter in new:
        for leak in (b"brief", b"rather not be", b"apart", b"not me today"):
            assert leak not in letter.message, (letter.kind, leak)


async def test_tutors_hear_on_a_weekday_morning_that_something_waits_and_not_what(house: House) -> None:
    built = await a_cohort(house.store, weeks=1)
    house.now = BEFORE.replace(day=2, hour=7, minute=1)  # a Wednesday, long before the first session
    clerk = Clerk(house.store, Postroom(house.settings, environment()), clock=lambda: house.now)
    await clerk.round()
    assert await all_of(house, select(Letter.kind)) == []
    await ask(await house.as_(built.people[0]), built, built.members[1])
    await clerk.round()
    (letter,) = await all_of(house, select(Letter))
    assert (letter.kind, letter.person_id) == ("tutor-digest", built.tutors[0])
    assert letter.subject == "Level 3, Thursdays: something to look at"
    assert b"Something waits for you" in letter.message
    for leak in (b"Amara", b"Ben", b"apart", b"request"):
        assert leak not in letter.message


# --- kept apart -----------------------------------------------------------------------------------------------


async def test_a_request_is_asked_once_taken_back_in_one_tap_and_then_leaves_no_trace_for_tutors(house: House) -> None:
    built = await a_cohort(house.store)
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    path = f"/cohorts/{built.cohort}/apart-requests"
    for _ in range(2):
        await ask(amara, built, built.members[1])
    (request,) = await all_of(house, select(ApartRequest.id))
    assert "1 request waits for you" in await page_of(tutor, path)
    assert (await tutor.send_form(f"{path}/{request}/ending")).status_code == 404
    ben = await house.as_(built.people[1])
    for what in ("ending", "settlement"):
        assert (await ben.send_form(f"{path}/{request}/{what}", {"how": "left"})).status_code == 404
    assert (await amara.send_form(f"{path}/{request}/settlement", {"how": "kept_apart"})).status_code == 404
    assert (await amara.send_form(f"{path}/{request}/ending")).status_code == 303
    page = await page_of(tutor, path)
    assert "Nothing is asked of you just now" in page
    assert "Ben" not in page
    await tutor.send_form(f"{path}/{request}/settlement", {"how": "kept_apart"})
    assert await all_of(house, select(KeepApart.one)) == []


async def test_a_tutor_may_leave_it_and_the_first_answer_holds(house: House) -> None:
    built = await a_cohort(house.store)
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    path = f"/cohorts/{built.cohort}/apart-requests"
    await ask(amara, built, built.members[1])
    (request,) = await all_of(house, select(ApartRequest.id))
    assert "They share a group on" in await page_of(tutor, path)
    for how in ("left", "kept_apart"):
        assert (await tutor.send_form(f"{path}/{request}/settlement", {"how": how})).status_code == 303
    wrong = await tutor.send_form(f"{path}/{request}/settlement", {"how": "perhaps"})
    assert (wrong.status_code, "Choose what to do." in wrong.text) == (422, True)
    assert await all_of(house, select(KeepApart.one)) == []
    assert "left as it is" in await page_of(tutor, path)
    assert "left the groups as they are" in await page_of(amara, f"/cohorts/{built.cohort}/choices")
    house.later(days=29)
    tutor = await house.as_(built.tutors[0])
    assert "left as it is" not in await page_of(tutor, path)


async def test_a_reason_is_asked_for_only_where_somebody_reads_it_and_never_lost(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    path = f"/cohorts/{built.cohort}"
    assert 'name="reason"' not in await page_of(amara, f"{path}/choices")
    answer = await amara.send_form(f"{path}/apart-requests", {"other": str(built.members[1]), "reason": REASON})
    assert answer.status_code == 422
    assert "Nobody is named here to read this" in answer.text
    assert REASON in answer.text
    assert await all_of(house, select(Concern.id)) == await all_of(house, select(ApartRequest.id)) == []
    await house.store.write(lambda db: db.add(ConcernReader(person_id=built.tutors[0], since=BEFORE)))
    assert "This goes to Marion (who teaches you too) and nobody else" in await page_of(amara, f"{path}/choices")


async def test_where_ones_choices_are_is_found_from_ones_own_page(house: House) -> None:
    built = await a_cohort(house.store)
    amara = await house.as_(built.people[0])
    assert '<a href="/choices">' in await page_of(amara, "/me")
    assert (await amara.get("/choices")).headers["location"] == f"/cohorts/{built.cohort}/choices"
    second = await a_cohort(house.store, name="Evenings")
    row = metadata.tables["membership"]
    await house.store.write(
        lambda db: db.execute(row.update().where(row.c.id == second.members[0]).values(person_id=built.people[0]))
    )
    page = await page_of(amara, "/choices")
    assert [f"/cohorts/{each.cohort}/choices" in page for each in (built, second)] == [True, True]
    assert (await (await house.as_(built.tutors[0])).get("/choices")).status_code == 404
    assert f"choices?practice={built.sessions[1]}" in await page_of(amara, f"/practice/{built.sessions[1]}")
    archived = await all_of(house, select(Cohort.archived_at))
    assert archived == [None, None]
