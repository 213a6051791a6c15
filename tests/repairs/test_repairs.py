"""Repairs beyond one evening: from a date on, for leavers and newcomers, by hand, taken back, and gone back from."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.builders import Class, a_cohort
from tests.guests.visits import BRIEF, a_guest
from tests.house import House
from tests.repairs.terms import (
    all_left,
    ask,
    event_of,
    forms_of,
    groups,
    places,
    practice_at,
    told,
    use,
    waiting,
    words_of,
)
from threefold.store.tables import Membership, PlanVersion, PracticeSession, Seat, Triad, Withdrawal


@pytest.fixture
async def made(house: House) -> Class:
    """Nine people for three Thursdays; the first was last week."""
    return await told(house, trainees=9)


async def versions_of(house: House) -> list[PlanVersion]:
    return await house.store.read(lambda db: list(db.scalars(select(PlanVersion).order_by(PlanVersion.number))))


async def undo_on(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    page = await tutor.get(f"/cohorts/{made.cohort}/versions")
    version = (await versions_of(house))[-1]
    assert forms_of(page, f"/versions/{version.id}/undoing") == [{}]
    answer = await tutor.send_form(f"/cohorts/{made.cohort}/versions/{version.id}/undoing")
    assert answer.status_code == 303


# --- for how long ---------------------------------------------------------------------------------------------


async def test_from_a_date_on_somebody_is_out_of_every_session_to_come_and_stays_in_the_cohort(
    house: House, made: Class
) -> None:
    tutor, x = await house.as_(made.tutors[0]), made.members[0]
    held = await places(house, made.sessions[0])
    page = await ask(tutor, made, "onwards", made.sessions[1], x)
    assert "Amara can’t come from Thursday 8 October on" in words_of(page)
    assert (await use(tutor, made, page)).status_code == 303
    assert await places(house, made.sessions[0]) == held, "what was held stays"
    for practice in made.sessions[1:]:
        assert x not in await places(house, practice)
        assert sorted(map(len, await groups(house, practice))) in ([2, 3, 3], [4, 4])
    member = await house.store.read(lambda db: db.get_one(Membership, x))
    assert member.left_at is None
    own = [letter for letter in await waiting(house) if letter.person_id == made.people[0]]
    assert [letter.kind for letter in own] == ["cancellation", "cancellation"]


async def test_a_leaver_is_gone_from_what_is_to_come_alone_and_undoing_it_brings_them_back(
    house: House, made: Class
) -> None:
    tutor, x = await house.as_(made.tutors[0]), made.members[0]
    before = {practice: await places(house, practice) for practice in made.sessions}
    page = await ask(tutor, made, "leaver", made.sessions[1], x)
    assert "Amara leaves the cohort" in words_of(page)
    looked = await use(tutor, made, page, do="look")
    assert "Not expected any more; it leaves calendars that hold it" in words_of(looked)
    assert (await house.store.read(lambda db: db.get_one(Membership, x))).left_at is None, "looking changes nothing"
    assert await waiting(house) == []
    assert (await use(tutor, made, page)).status_code == 303
    assert (await house.store.read(lambda db: db.get_one(Membership, x))).left_at == house.now
    assert await places(house, made.sessions[0]) == before[made.sessions[0]]
    assert all([x not in await places(house, practice) for practice in made.sessions[1:]])
    heard = Counter(letter.person_id for letter in await waiting(house))
    assert heard[made.people[0]] == 2
    page = await tutor.get(f"/cohorts/{made.cohort}/versions")
    assert "1. Somebody left the cohort" in words_of(page)
    house.later(minutes=2)
    await undo_on(house, made)
    assert {practice: await places(house, practice) for practice in made.sessions} == before, "to the row"
    assert await waiting(house) == [], "nobody ever hears of it"
    assert (await house.store.read(lambda db: db.get_one(Membership, x))).left_at is None


async def test_who_was_simply_taken_out_leaves_groups_that_can_be_mended_afterwards(house: House, made: Class) -> None:
    tutor, x = await house.as_(made.tutors[0]), made.members[0]
    await tutor.send_form(f"/cohorts/{made.cohort}/people/{x}/removal")
    page = await ask(tutor, made, "leaver", made.sessions[1], x)
    assert "nobody changes groups" in words_of(page)
    assert (await use(tutor, made, page)).status_code == 303
    triads = await house.store.read(lambda db: list(db.scalars(select(Triad).where(Triad.tutor_id.is_not(None)))))
    assert {triad.tutor_id for triad in triads} == {made.tutor_members[0]}
    for practice in made.sessions[1:]:
        found = await places(house, practice)
        rounds = Counter(role for place in found.values() for _, role in place[4])
        assert rounds["counsellor"] == rounds["client"] == 8, "each of the eight once, the pair among them"


async def test_a_newcomer_gets_a_place_with_a_fair_share_of_each_role(house: House) -> None:
    made = await told(house, trainees=8)
    tutor = await house.as_(made.tutors[0])
    words = {"list": "Zoë Adler\tzoe@example.org", "do": "add"}
    await tutor.send_form(f"/cohorts/{made.cohort}/people/reading", words)
    zoe = await house.store.read(lambda db: db.scalar(select(Membership.id).where(Membership.joined_at == house.now)))
    assert zoe is not None
    observing = (await places(house, made.sessions[1]))[zoe][4]
    assert {role for _, role in observing} == {"observer"}
    page = await ask(tutor, made, "newcomer", made.sessions[1], zoe)
    assert "A place for Zoë from Thursday 8 October on" in words_of(page)
    assert (await use(tutor, made, page)).status_code == 303
    for practice in made.sessions[1:]:
        assert sorted(map(len, await groups(house, practice))) == [3, 3, 3]
        assert {role for _, role in (await places(house, practice))[zoe][4]} == {"counsellor", "client", "observer"}
    own = [letter for letter in await waiting(house) if letter.recipient == "zoe@example.org"]
    assert Counter(letter.kind for letter in own) == {"overview": 1, "invitation": 2}, "one letter says both changes"


async def test_who_is_kept_apart_is_never_put_together_and_what_cannot_be_is_said(house: House) -> None:
    made = await told(house, trainees=4)
    tutor = await house.as_(made.tutors[0])
    one, two, three, four = made.members
    for a, b in ((one, two), (one, three), (two, three)):
        await tutor.send_form(f"/cohorts/{made.cohort}/people/apart", {"one": str(a), "other": str(b)})
    answer = await ask(tutor, made, "date", made.sessions[1], four)
    assert answer.status_code == 200
    assert "There is no way to make groups of those who are left." in words_of(answer)
    assert "can’t all be placed, with the pairs you keep apart." in words_of(answer)


# --- asking -----------------------------------------------------------------------------------------------------


async def test_the_form_says_whom_it_wants_and_what_can_no_longer_be_mended(house: House, made: Class) -> None:
    tutor, base = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/repair"
    blank = await tutor.get(base)
    assert "Who can’t come, and when?" in words_of(blank)
    assert "Thursday 1 October" not in words_of(blank), "it was last week"
    nobody = await tutor.get(f"{base}?asked=yes&scope=date&practice={made.sessions[1]}")
    assert "Choose who this is about." in words_of(nobody)
    past = await tutor.get(f"{base}?asked=yes&practice={made.sessions[0]}&who={made.members[0]}")
    assert "That session has begun or was called off" in words_of(past)
    elsewhere = await a_cohort(house.store, name="Another")
    stranger = await tutor.get(f"{base}?asked=yes&practice={elsewhere.sessions[1]}&who={elsewhere.members[0]}")
    assert "Use this" not in words_of(stranger)
    assert str(elsewhere.members[0]) not in stranger.text


async def test_a_draft_has_nothing_to_repair(house: House) -> None:
    made = await a_cohort(house.store, published=False)
    tutor = await house.as_(made.tutors[0])
    for part in ("repair", "versions", "term"):
        assert (await tutor.get(f"/cohorts/{made.cohort}/{part}")).status_code == 404


# --- by hand ----------------------------------------------------------------------------------------------------


async def test_two_who_are_left_become_a_pair_with_the_tutor_who_was_chosen(house: House) -> None:
    made = await told(house, trainees=9, tutors=2)
    tutor, practice, x = await house.as_(made.tutors[0]), made.sessions[1], made.members[1]
    before = await places(house, practice)
    page = await ask(tutor, made, "date", practice, x)
    (fields,) = forms_of(page, f"/practice/{practice}/pairs")
    wrong = await tutor.send_form(f"/practice/{practice}/pairs", fields | {"do": "look", "tutor": str(made.members[2])})
    assert (wrong.status_code, "Choose a tutor of this cohort." in wrong.text) == (422, True)
    choice = fields | {"tutor": str(made.tutor_members[1])}
    looked = await tutor.send_form(f"/practice/{practice}/pairs", choice | {"do": "look"})
    assert "3 letters would go out" in words_of(looked)
    for _ in range(2):
        assert (await tutor.send_form(f"/practice/{practice}/pairs", choice | {"do": "tell"})).status_code == 303
    after = await places(house, practice)
    assert {who: after[who] for who in after if after[who][1] != before[x][1]} == {
        who: before[who] for who in before if before[who][1] != before[x][1]
    }
    triad = await house.store.read(lambda db: db.get_one(Triad, before[x][1]))
    assert triad.tutor_id == made.tutor_members[1]
    assert [version.why for version in await versions_of(house)] == ["pair"]


async def test_a_group_moves_to_another_time_with_its_seats_and_nobody_else_hears(house: House, made: Class) -> None:
    tutor, practice, x = await house.as_(made.tutors[0]), made.sessions[1], made.members[1]
    amara = await house.as_(made.people[1])
    await amara.send_form(f"/seats/{made.seats[1][x]}/withdrawal")
    before = await places(house, practice)
    own = {who for who in before if before[who][1] == before[x][1]}
    page = await tutor.get(f"/cohorts/{made.cohort}/repair?practice={practice}")
    (fields,) = forms_of(page, f"/practice/{practice}/group-times")
    typed = fields | {"date": "2026-10-10", "start": "10:00", "minutes": "120", "place": ""}
    early = await tutor.send_form(f"/practice/{practice}/group-times", typed | {"date": "2026-10-01", "do": "tell"})
    assert "Choose a date and time still to come" in early.text
    house.later(minutes=1)
    for _ in range(2):
        assert (await tutor.send_form(f"/practice/{practice}/group-times", typed | {"do": "tell"})).status_code == 303
    sessions = await house.store.read(
        lambda db: list(db.scalars(select(PracticeSession).where(PracticeSession.cohort_id == made.cohort)))
    )
    (new,) = [each for each in sessions if each.id not in made.sessions]
    assert (new.starts_at.isoformat(), new.place, new.number) == ("2026-10-10T09:00:00+00:00", "Elm House", 4)
    after = await places(house, new.id)
    assert {who: (place[0], place[3]) for who, place in after.items()} == {
        who: (before[who][0], before[who][3]) for who in own
    }
    assert await places(house, practice) == {who: before[who] for who in before if who not in own}
    said = await house.store.read(lambda db: db.get_one(Withdrawal, before[x][0]))
    assert said.taken_back_at == house.now
    letters = await waiting(house)
    assert {letter.person_id for letter in letters} == {made.people[made.members.index(who)] for who in own}
    assert {event_of(letter.message) for letter in letters if letter.kind == "change"} <= {
        ("REQUEST", before[who][3], 1) for who in own
    } | {("REQUEST", before[x][3], 2)}
    house.later(minutes=1)
    await undo_on(house, made)
    assert {who: place[:4] for who, place in (await places(house, practice)).items()} == {
        who: place[:4] for who, place in before.items()
    }
    assert await house.store.read(lambda db: db.get(PracticeSession, new.id)) is None


async def test_a_group_does_not_move_to_where_one_of_it_is_already(house: House, made: Class) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    page = await ask(tutor, made, "date", practice, made.members[1])
    (fields,) = forms_of(page, f"/practice/{practice}/group-times")
    typed = fields | {"date": "2026-10-15", "start": "19:00", "minutes": "60", "do": "tell"}
    answer = await tutor.send_form(f"/practice/{practice}/group-times", typed)
    assert answer.status_code == 422
    assert "Somebody in this group has another session then: Ben, Chloe, Dev. Choose another time." in words_of(answer)
    assert await waiting(house) == []


async def test_nothing_is_taken_back_quietly_once_a_guest_was_asked_into_it(house: House, made: Class) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    await use(tutor, made, await ask(tutor, made, "date", practice, made.members[0]))
    (version,) = await versions_of(house)
    base = f"/cohorts/{made.cohort}/versions"
    assert forms_of(await tutor.get(base), f"/versions/{version.id}/undoing") == [{}]
    house.later(minutes=2)
    visit = await a_guest(house, made)
    sitting = await places(house, practice)
    triad = min(place[1] for place in sitting.values())
    asked = {"practice": str(practice), "round": [f"{triad}:1"], "brief": BRIEF}
    assert (await tutor.send_form(f"{visit.base}/encounters", asked)).status_code == 303
    assert forms_of(await tutor.get(base), "/undoing") == []
    for answer in (None, "accepted"):
        if answer:
            await visit.says(await visit.send_link(), answer)
        before = await places(house, practice)
        refused = await tutor.send_form(f"{base}/{version.id}/undoing")
        assert refused.status_code == 422
        assert "A guest has been asked to one of these sessions since." in words_of(refused)
        assert await places(house, practice) == before
    (encounter,) = await visit.encounters()
    assert (await tutor.send_form(f"{visit.base}/encounters/{encounter.id}/ending")).status_code == 303
    assert (await tutor.send_form(f"{base}/{version.id}/undoing")).status_code == 303
    assert made.members[0] in await places(house, practice)


# --- taking it back ---------------------------------------------------------------------------------------------


async def test_what_nobody_has_heard_of_is_taken_back_and_nobody_ever_hears(house: House, made: Class) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    before = await places(house, practice)
    await use(tutor, made, await ask(tutor, made, "date", practice, made.members[0]))
    assert len(await waiting(house)) == 3
    house.later(minutes=9)
    await undo_on(house, made)
    assert await places(house, practice) == before
    assert await waiting(house) == []
    (version,) = await versions_of(house)
    assert (version.undone_at, version.undone_by) == (house.now, made.tutors[0])
    page = words_of(await tutor.get(f"/cohorts/{made.cohort}/versions"))
    assert "The plan is as it was published" in page
    assert "taken back at 13:09 on Wednesday 7 October, before anybody heard." in page
    again = await tutor.send_form(f"/cohorts/{made.cohort}/versions/{version.id}/undoing")
    assert again.status_code == 303, "a double click"
    assert len(await versions_of(house)) == 1


async def test_once_letters_have_left_going_back_is_a_change_of_its_own(house: House, made: Class) -> None:
    tutor, practice, x = await house.as_(made.tutors[0]), made.sessions[1], made.members[0]
    before = await places(house, practice)
    await use(tutor, made, await ask(tutor, made, "date", practice, x))
    await all_left(house)
    house.later(minutes=30)
    (version,) = await versions_of(house)
    base = f"/cohorts/{made.cohort}/versions"
    page = await tutor.get(base)
    assert forms_of(page, "/undoing") == []
    late = await tutor.send_form(f"{base}/{version.id}/undoing")
    assert (late.status_code, "People have had letters about this." in late.text) == (422, True)
    looked = await tutor.send_form(f"{base}/{version.id}/return", {"do": "look"})
    assert "3 letters would go out" in words_of(looked)
    assert "An invitation" in words_of(looked)
    assert (await tutor.send_form(f"{base}/{version.id}/return", {"do": "tell"})).status_code == 303
    after = await places(house, practice)
    assert await groups(house, practice) == {
        frozenset(who for who in before if before[who][1] == triad) for triad in {place[1] for place in before.values()}
    }
    assert after[x][3] != before[x][3], "her calendar had let the entry go, and many never re-open one"
    assert {who: after[who][3] for who in after if who != x} == {who: before[who][3] for who in before if who != x}
    assert Counter(letter.kind for letter in await waiting(house)) == {"change": 2, "invitation": 1}
    assert [each.why for each in await versions_of(house)] == ["date", "returned"]


async def test_an_older_change_is_not_taken_back_over_a_newer_one(house: House, made: Class) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    for member in (made.members[0], made.members[4]):
        await use(tutor, made, await ask(tutor, made, "date", practice, member))
        house.later(minutes=1)
    first, second = await versions_of(house)
    base = f"/cohorts/{made.cohort}/versions"
    for what in ("undoing", "return"):
        answer = await tutor.send_form(f"{base}/{first.id}/{what}", {"do": "tell"})
        assert (answer.status_code, "Something else has changed" in answer.text) == (422, True), what
    assert (await tutor.send_form(f"{base}/{second.id}/undoing")).status_code == 303
    assert (await tutor.send_form(f"{base}/{first.id}/undoing")).status_code == 303
    assert await waiting(house) == []


async def test_a_session_that_has_begun_is_not_gone_back_in(house: House, made: Class) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    await use(tutor, made, await ask(tutor, made, "date", practice, made.members[0]))
    house.now = (await practice_at(house, practice)).starts_at + timedelta(minutes=5)
    tutor = await house.as_(made.tutors[0])
    (version,) = await versions_of(house)
    for what in ("undoing", "return"):
        answer = await tutor.send_form(f"/cohorts/{made.cohort}/versions/{version.id}/{what}", {"do": "tell"})
        assert "One of these sessions has begun, so its groups stay as they are." in answer.text


async def test_a_group_left_by_two_and_two_edits_within_ten_minutes_are_one_letter_each(
    house: House, made: Class
) -> None:
    tutor, practice = await house.as_(made.tutors[0]), made.sessions[1]
    await use(tutor, made, await ask(tutor, made, "date", practice, made.members[0]))
    house.later(minutes=3)
    await use(tutor, made, await ask(tutor, made, "date", practice, made.members[1]))
    letters = await waiting(house)
    assert max(Counter(letter.person_id for letter in letters).values()) == 1, "one mail with the final state"
    given_up = await house.store.read(lambda db: list(db.scalars(select(Seat).where(Seat.given_up_at.is_not(None)))))
    assert {seat.membership_id for seat in given_up} == set(made.members[:2])
