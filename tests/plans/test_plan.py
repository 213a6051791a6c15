"""A tutor's plan from "draw it" to letters in the outbox: looked at, mended, published once."""

import asyncio
import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

from icalendar import Calendar
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.cohorts.test_setting_up import LOOKING
from tests.house import Browser, House
from threefold.core.grouping import Group
from threefold.matching import Plan
from threefold.matching.wire import plan_out
from threefold.store.tables import Cohort, KeepApart, Letter, Person, PlanDraft, Seat, Triad, Turn


async def drawn(tutor: Browser, cohort: UUID, how: str = "drafts", **fields: str) -> str:
    """Draw a plan as the page does, and wait until it is there."""
    answer = await tutor.send_form(f"/cohorts/{cohort}/plan/{how}", fields)
    assert answer.status_code == 303
    for _ in range(200):
        page = (await tutor.get(f"/cohorts/{cohort}/plan")).text
        if "Looking for the fairest plan" not in page:
            return page
        await asyncio.sleep(0.2)
    raise AssertionError("the search never ended")


def starts(calendar: str) -> datetime:
    """When the one event of a calendar begins."""
    begins = Calendar.from_ical(calendar).walk("VEVENT")[0].decoded("DTSTART")
    assert isinstance(begins, datetime)
    return begins


async def letters(house: House) -> list[Letter]:
    return list(await house.store.read(lambda db: db.scalars(select(Letter).order_by(Letter.id)).all()))


async def test_a_plan_is_drawn_checked_and_nobody_hears_of_it(house: House) -> None:
    made = await a_cohort(house.store, trainees=9, weeks=4, published=False)
    tutor = await house.as_(made.tutors[0])
    before = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "Everything is ready for a plan" in before
    page = await drawn(tutor, made.cohort)
    assert "Your plan is ready to check" in page
    assert "Everyone works with everyone." in page
    assert "Nobody hears anything until you publish" in page
    assert await letters(house) == []


async def test_publishing_writes_one_overview_and_one_invitation_a_session_and_only_once(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=3, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    before = (await tutor.get(f"/cohorts/{made.cohort}/plan/publication")).text
    plan = re.search(r'name="plan" value="([^"]+)"', before)
    assert plan is not None
    assert "7 people get one letter with all their dates, and 14 invitations leave" in before
    sent = await asyncio.gather(
        *(tutor.send_form(f"/cohorts/{made.cohort}/plan/publication", {"plan": plan[1]}) for _ in range(2))
    )
    assert [answer.status_code for answer in sent] == [303, 303]
    again = await tutor.send_form(f"/cohorts/{made.cohort}/plan/publication", {"plan": plan[1]})
    assert again.status_code == 303
    written = await letters(house)
    # The first session lies in the past, so it gets no invitation.
    assert sorted(letter.kind for letter in written) == ["invitation"] * 14 + ["overview"] * 7

    def rows(db: Session) -> tuple[int, int, int]:
        return (
            len(db.scalars(select(Triad.id)).all()),
            len(db.scalars(select(Seat.id)).all()),
            len(db.scalars(select(PlanDraft.id).where(PlanDraft.published_at.is_not(None))).all()),
        )

    assert await house.store.read(rows) == (6, 21, 1)


async def test_each_round_of_a_published_plan_has_one_counsellor_and_one_client(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await published(tutor, made.cohort)
    turns = await house.store.read(lambda db: db.execute(select(Turn.triad_id, Turn.round, Turn.role)).all())
    for triad, number in {(triad, number) for triad, number, _ in turns}:
        roles = [role for t, n, role in turns if (t, n) == (triad, number)]
        assert roles.count("counsellor") == roles.count("client") == 1
        assert len(roles) in {3, 4}


async def published(tutor: Browser, cohort: UUID) -> None:
    await drawn(tutor, cohort)
    before = (await tutor.get(f"/cohorts/{cohort}/plan/publication")).text
    plan = re.search(r'name="plan" value="([^"]+)"', before)
    assert plan is not None, before
    answer = await tutor.send_form(f"/cohorts/{cohort}/plan/publication", {"plan": plan[1]})
    assert answer.status_code == 303, answer.text


async def test_invitations_are_threaded_under_the_overview_and_hold_one_event_each(house: House) -> None:
    made = await a_cohort(house.store, trainees=3, weeks=3, published=False)
    tutor = await house.as_(made.tutors[0])
    await published(tutor, made.cohort)
    written = [letter for letter in await letters(house) if letter.person_id == made.people[0]]
    overview, *invitations = written
    assert [letter.kind for letter in written] == ["overview", "invitation", "invitation"]
    assert len({letter.lane for letter in written}) == 1
    uids = set()
    for letter in invitations:
        message = message_from_bytes(letter.message, policy=policy.default)
        assert message["In-Reply-To"] == overview.message_id
        assert message["To"].addresses[0].addr_spec == letter.recipient
        calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
        parsed = Calendar.from_ical(calendar.get_content())
        events = parsed.walk("VEVENT")
        assert len(events) == 1
        event = events[0]
        assert str(event["SUMMARY"]) == "Practice session"
        assert starts(calendar.get_content()).strftime("%H:%M") == "18:30"
        assert "observer" in str(event["DESCRIPTION"])
        whole = parsed.to_ical().decode()
        assert re.findall(r"mailto:([^\s;:]+)", whole) != []
        for other in made.people[1:]:
            assert str(other) not in whole
        assert "ben.hughes" not in whole
        assert "chloe.martin" not in whole
        assert len(letter.subject) <= 60
        uids.add(str(event["UID"]))
    assert len(uids) == 2
    assert len(overview.subject) <= 60


async def test_wall_clock_time_holds_across_the_clock_change(house: House) -> None:
    # 25 October 2026: summer time ends between the fourth and the fifth Thursday.
    made = await a_cohort(house.store, trainees=3, weeks=6, published=False)
    tutor = await house.as_(made.tutors[0])
    await published(tutor, made.cohort)
    begins = []
    for letter in await letters(house):
        if letter.kind == "invitation" and letter.person_id == made.people[0]:
            message = message_from_bytes(letter.message, policy=policy.default)
            calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
            begins.append(starts(calendar.get_content()))
    assert {begin.strftime("%H:%M") for begin in begins} == {"18:30"}
    assert {begin.utcoffset() for begin in begins} == {timedelta(0), timedelta(hours=1)}


async def test_somebody_who_takes_the_feed_gets_the_overview_alone(house: House) -> None:
    made = await a_cohort(house.store, trainees=3, weeks=2, published=False)
    trainee = await house.as_(made.people[0])
    page = await trainee.get("/me")
    assert page.status_code == 200

    def prefers(db: Session) -> None:
        db.get_one(Person, made.people[0]).takes_feed_since = house.now

    await house.store.write(prefers)
    tutor = await house.as_(made.tutors[0])
    await published(tutor, made.cohort)
    kinds = [letter.kind for letter in await letters(house) if letter.person_id == made.people[0]]
    assert kinds == ["overview"]


EVEN, UNEVEN = ("ABCD EFG", "DEFG ABC"), ("ABCD EFG", "ABEF CDG")


async def hand_made(house: House, made: Class, *weeks: str) -> None:
    """A plan of groups written by the letters of people in the order of the plan page, kept as the one to look at."""

    seats = dict(zip("ABCDEFG", map(str, made.members), strict=True))
    plan = Plan(tuple(tuple(Group(tuple(seats[who] for who in some)) for some in week.split()) for week in weeks))
    house.now += timedelta(minutes=1)

    def work(db: Session) -> None:
        number = 1 + (db.scalar(select(func.count()).select_from(PlanDraft)) or 0)
        db.add(
            PlanDraft(
                id=an_id(),
                cohort_id=made.cohort,
                number=number,
                cohort_version=1,
                seed=number,
                steps=0,
                groups=plan_out(plan),
                pins=[],
                made_at=house.now,
                made_by=made.tutors[0],
                chosen_at=house.now,
            )
        )

    await house.store.write(work)


async def test_what_even_fours_cost_stands_beside_what_is(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await hand_made(house, made, *UNEVEN)
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "Seats in groups of four are not shared evenly: none to two each; sharing them evenly may cost" in page
    assert fours_compared(page) == [
        ("Plan 1, on this page", "0 to 2", "3"),
        ("Shared evenly", "within one of each other", "not drawn yet"),
    ]
    await chosen(house, made.cohort)
    await hand_made(house, made, *EVEN)
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "Sharing the fours evenly costs three more repeats at most." in page
    assert fours_compared(page) == [("Plan 2, on this page", "1 to 2", "6"), ("Plan 1", "0 to 2", "3")]


async def test_asked_to_share_fours_evenly_another_plan_is_drawn_so_at_once(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=6, published=False)
    tutor = await house.as_(made.tutors[0])
    await hand_made(house, made, *(UNEVEN * 3))
    page = await drawn(tutor, made.cohort, "fours", evenly="yes")
    assert "Sharing the fours evenly costs no repeat." in page
    assert fours_compared(page) == [("Plan 2, on this page", "3 to 4", "33")]
    page = await drawn(tutor, made.cohort, "fours", evenly="no")
    assert fours_compared(page) == []


async def chosen(house: House, cohort: UUID) -> None:
    def work(db: Session) -> None:
        db.get_one(Cohort, cohort).even_quads = True

    await house.store.write(work)


async def test_how_fours_are_shared_stays_as_it_was_once_the_plan_is_published(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=2, published=True)
    tutor = await house.as_(made.tutors[0])
    answer = await tutor.send_form(f"/cohorts/{made.cohort}/plan/fours", {"evenly": "yes"})
    assert answer.status_code == 422
    assert "This plan is published, so its groups stay as they are." in answer.text
    await tutor.send_form(f"/cohorts/{made.cohort}/framework", {**LOOKING, "even_quads": "yes"})
    assert not (await house.store.read(lambda db: db.scalars(select(Cohort)).one())).even_quads


async def test_even_fours_are_a_setting_of_the_cohort_too(house: House) -> None:
    made = await a_cohort(house.store, trainees=7, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    ticked = 'name="even_quads" value="yes" checked'
    assert ticked not in (await tutor.get(f"/cohorts/{made.cohort}/framework")).text
    await tutor.send_form(f"/cohorts/{made.cohort}/framework", {**LOOKING, "even_quads": "yes"})
    assert ticked in (await tutor.get(f"/cohorts/{made.cohort}/framework")).text
    await tutor.send_form(f"/cohorts/{made.cohort}/framework", LOOKING)
    assert ticked not in (await tutor.get(f"/cohorts/{made.cohort}/framework")).text


def fours_compared(page: str) -> list[tuple[str, ...]]:
    """The rows that set a plan's seats in groups of four beside how else they could fall."""
    _, _, card = page.partition('id="fours"')
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', card.partition("</table>")[0])
    return [tuple(row) for row in rows]


async def test_two_people_swap_places_and_the_plan_before_can_be_had_back(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    first = await house.store.read(lambda db: db.scalars(select(PlanDraft)).one())
    one, other = first.groups[0][0]["members"][0], first.groups[0][1]["members"][0]
    answer = await tutor.send_form(
        f"/cohorts/{made.cohort}/plan/drafts/{first.id}/swaps", {"week": "1", "one": one, "other": other}
    )
    assert answer.status_code == 303
    drafts = await house.store.read(lambda db: db.scalars(select(PlanDraft).order_by(PlanDraft.number)).all())
    assert len(drafts) == 2
    assert other in drafts[1].groups[0][0]["members"]
    assert one in drafts[1].groups[0][1]["members"]
    swapped = (await tutor.get(answer.headers["location"])).text
    undo = f"/cohorts/{made.cohort}/plan/drafts/{first.id}/choice"
    assert re.search(rf'class="toast".*They’ve changed places.*action="{undo}".*Undo', swapped)
    assert "They’ve changed places" not in (await tutor.get(f"/cohorts/{made.cohort}/plan?swapped={an_id()}")).text
    back = await tutor.send_form(undo)
    assert back.status_code == 303
    assert "Use this one" in (await tutor.get(f"/cohorts/{made.cohort}/plan")).text


async def test_what_a_swap_would_do_is_said_before_anything_changes(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    draft = await house.store.read(lambda db: db.scalars(select(PlanDraft)).one())
    one, other = draft.groups[0][0]["members"][0], draft.groups[0][1]["members"][0]
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan?week=1&one={one}&other={other}")).text
    assert page.count(" would work with ") == 2
    assert "meetings would repeat" in page
    assert f'name="one" value="{one}"' in page
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(PlanDraft))) == 1
    nobody = await tutor.get(f"/cohorts/{made.cohort}/plan?week=9&one={one}&other=nobody")
    assert nobody.status_code == 422
    assert "Choose a week." in nobody.text
    assert "Choose the second person." in nobody.text


async def test_a_group_that_is_kept_stays_in_the_next_plan_and_plans_stand_side_by_side(house: House) -> None:
    made = await a_cohort(house.store, trainees=9, weeks=3, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    first = await house.store.read(lambda db: db.scalars(select(PlanDraft)).one())
    kept = first.groups[1][2]
    await drawn(tutor, made.cohort, plan=str(first.id), pin="2-3")
    second = await house.store.read(
        lambda db: db.scalars(select(PlanDraft).order_by(PlanDraft.number.desc()).limit(1)).one()
    )
    assert second.pins == [[1, sorted(kept["members"])]]
    assert kept in second.groups[1]
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "with 1 group kept" in page
    assert page.count('form="another" checked') == 1
    for heading in ("Meetings that repeat", "Two people at most", "Roles, turns apart", "Seats in fours"):
        assert heading in page
    # Ticks from a page that was left long ago mean nothing: the groups they name are others now.
    await drawn(tutor, made.cohort, plan=str(first.id), pin="1-1")
    third = await house.store.read(
        lambda db: db.scalars(select(PlanDraft).order_by(PlanDraft.number.desc()).limit(1)).one()
    )
    assert third.pins == []


async def test_how_groups_are_made_stays_as_it_was_once_they_are_published(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    assert "Groups of four" not in (await tutor.get(f"/cohorts/{made.cohort}/framework")).text
    answer = await tutor.send_form(
        f"/cohorts/{made.cohort}/framework", {**LOOKING, "remainder": "pairs_with_tutors", "turning": "client_counsels"}
    )
    assert answer.status_code == 303
    cohort = await house.store.read(lambda db: db.get_one(Cohort, made.cohort))
    assert (cohort.remainder, cohort.turning) == ("quads", "client_rests")


async def test_a_published_plan_whose_group_has_changed_does_not_ask_to_be_drawn_again(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    plan = await house.store.read(lambda db: db.scalars(select(PlanDraft.id)).one())
    await tutor.send_form(f"/cohorts/{made.cohort}/plan/publication", {"plan": str(plan)})
    assert "pairs work together." in (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    await tutor.send_form(f"/cohorts/{made.cohort}/people/{made.members[0]}/removal")
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "The group has changed since this plan was published" in page
    assert "Draw the plan" not in page


async def test_why_a_group_sits_together_is_said(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan?why=2-1")).text
    assert 'id="why">Why ' in page
    assert "in week 2?" in page
    for nonsense in ("9-1", "2-9", "0-0", "x", "-1-1"):
        assert 'id="why"' not in (await tutor.get(f"/cohorts/{made.cohort}/plan?why={nonsense}")).text


async def test_people_kept_apart_are_not_swapped_together_and_the_words_stay(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=1, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    draft = await house.store.read(lambda db: db.scalars(select(PlanDraft)).one())
    group, others = draft.groups[0][0]["members"], draft.groups[0][1]["members"]

    def apart(db: Session) -> None:
        low, high = sorted((UUID(group[1]), UUID(others[0])))
        db.add(KeepApart(cohort_id=made.cohort, one=low, other=high, since=house.now, by=made.tutors[0]))

    await house.store.write(apart)
    answer = await tutor.send_form(
        f"/cohorts/{made.cohort}/plan/drafts/{draft.id}/swaps", {"week": "1", "one": group[0], "other": others[0]}
    )
    assert answer.status_code == 422
    assert "side by side" in answer.text
    assert "<title>Error: " in answer.text


async def test_somebody_away_makes_the_plan_want_drawing_again_round_them(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    answer = await tutor.send_form(
        f"/cohorts/{made.cohort}/plan/away", {"practice": str(made.sessions[1]), "away": str(made.members[0])}
    )
    assert answer.status_code == 303
    assert (
        "Something changed, so the plan wants drawing again" in (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    )
    await drawn(tutor, made.cohort)
    drafts = await house.store.read(lambda db: db.scalars(select(PlanDraft).order_by(PlanDraft.number.desc())).all())
    seated = [member for group in drafts[0].groups[1] for member in group["members"]]
    assert str(made.members[0]) not in seated
    assert len(seated) == 5


async def test_a_plan_that_cannot_exist_names_the_smallest_clash_and_two_ways_out(house: House) -> None:
    made = await a_cohort(house.store, trainees=2, weeks=1, published=False)

    def apart(db: Session) -> None:
        low, high = sorted(made.members)
        db.add(KeepApart(cohort_id=made.cohort, one=low, other=high, since=house.now, by=made.tutors[0]))

    await house.store.write(apart)
    tutor = await house.as_(made.tutors[0])
    page = (await tutor.get(f"/cohorts/{made.cohort}/plan")).text
    assert "There’s no plan for this yet" in page
    assert "Amara" in page
    assert "look again at who is kept apart" in page.casefold()
    assert ", or " in page


async def test_a_published_plan_stays_as_it_is(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2)
    tutor = await house.as_(made.tutors[0])
    plan = await house.store.read(lambda db: db.scalars(select(PlanDraft.id)).one())
    refused = await tutor.send_form(
        f"/cohorts/{made.cohort}/plan/drafts/{plan}/swaps",
        {"week": "1", "one": str(made.members[0]), "other": str(made.members[3])},
    )
    assert refused.status_code == 422
    assert "published" in refused.text
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/plan/drafts")).status_code == 303
    assert len(await house.store.read(lambda db: db.scalars(select(PlanDraft.id)).all())) == 1


async def test_a_cohort_without_a_safeguarding_lead_is_not_published(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=1, published=False)

    def nobody(db: Session) -> None:
        db.get_one(Cohort, made.cohort).safeguarding_lead = ""

    await house.store.write(nobody)
    tutor = await house.as_(made.tutors[0])
    await drawn(tutor, made.cohort)
    plan = await house.store.read(lambda db: db.scalars(select(PlanDraft.id)).one())
    answer = await tutor.send_form(f"/cohorts/{made.cohort}/plan/publication", {"plan": str(plan)})
    assert answer.status_code == 422
    assert "safeguarding lead" in answer.text
    assert await letters(house) == []


async def test_keeping_apart_shows_in_nothing_a_trainee_gets(house: House) -> None:
    made = await a_cohort(house.store, trainees=6, weeks=2, published=False)

    def apart(db: Session) -> None:
        low, high = sorted(made.members[:2])
        db.add(KeepApart(cohort_id=made.cohort, one=low, other=high, since=house.now, by=made.tutors[0]))

    await house.store.write(apart)
    tutor = await house.as_(made.tutors[0])
    await published(tutor, made.cohort)
    trainee = await house.as_(made.people[0])
    seen = [(await trainee.get(path)).text for path in ("/", "/calendar", "/feedback", "/me", "/help")]
    seen += [letter.message.decode() for letter in await letters(house) if letter.person_id == made.people[0]]
    assert all("apart" not in text.casefold() for text in seen)
    assert (await trainee.get(f"/cohorts/{made.cohort}/plan")).status_code == 404
