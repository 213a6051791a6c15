"""A cohort as a whole: the term at a glance, its settings, and that nobody else learns that it exists."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import BEFORE, a_cohort, a_person, an_id
from tests.cohorts.test_setting_up import LOOKING, TERM, heading
from tests.house import House
from tests.web.queries import counted
from threefold.cohorts import queries
from threefold.feedback.queries import to_come
from threefold.store.rows import CohortRow, value
from threefold.store.tables import Cohort, Deed, Membership, PracticeSession, Triad, Withdrawal
from threefold.web.cached import Kept, Pieces

PAGES = ("", "/people", "/sessions", "/framework", "/contract", "/settings", "/deletion")


async def test_the_term_at_a_glance(house: House) -> None:
    made = await a_cohort(house.store)
    tutor, amara = await house.as_(made.tutors[0]), await house.as_(made.people[0])
    page = await tutor.get(f"/cohorts/{made.cohort}")
    assert heading(page.text) == "Everyone is expected on Thursday 8 October"
    assert f'href="/practice/{made.sessions[1]}"' in page.text
    assert page.text.count('<th scope="row">') == 6
    assert "Group 1" in page.text
    assert "18 pieces of feedback haven’t come in yet" in page.text
    held = await tutor.get(f"/cohorts/{made.cohort}", headers={"if-none-match": page.headers["etag"]})
    assert (held.status_code, held.text) == (304, "")
    await amara.send_form(f"/seats/{made.seats[1][made.members[0]]}/withdrawal")
    fresh = await tutor.get(f"/cohorts/{made.cohort}", headers={"if-none-match": page.headers["etag"]})
    assert fresh.status_code == 200
    assert heading(fresh.text) == "One can’t make week 2"
    assert "Amara can’t make week 2" in fresh.text
    listed = (await tutor.get("/cohorts")).text
    assert heading(listed) == "One can’t make a coming session"
    assert "Can’t make it: Amara Okafor" in listed


async def test_feedback_still_to_come_is_counted_as_its_own_page_counts_it(house: House) -> None:
    made = await a_cohort(house.store, trainees=8)
    amara, ben = (made.seats[0][member] for member in made.members[:2])

    def leave(db: Session) -> None:
        db.add(Withdrawal(seat_id=amara, at=BEFORE, by=made.people[0]))
        db.add(Withdrawal(seat_id=ben, at=BEFORE, by=made.people[1], taken_back_at=BEFORE))
        db.get_one(Triad, made.triads[0][1]).tutor_id = made.tutor_members[0]

    await house.store.write(leave)

    def both(db: Session) -> tuple[int, int]:
        mine = queries.pieces_to_come(db, [made.cohort], house.now)[made.cohort]
        return mine, len(to_come(db, [value(CohortRow, db.get_one(Cohort, made.cohort))], house.now).missing)

    counted_here, counted_there = await house.store.read(both)
    assert counted_here == counted_there > 0


async def test_a_kept_page_carries_the_readers_own_token(house: House) -> None:
    made = await a_cohort(house.store, tutors=2)
    for person in (*made.tutors, made.tutors[0]):
        tutor = await house.as_(person)
        page = (await tutor.get(f"/cohorts/{made.cohort}")).text
        assert f'value="{tutor.form_token}"' in page


class Forgetful(Kept):
    """Drops every page the moment it has been looked at, as a busy house may."""

    def get(self, key: Hashable) -> Pieces | None:
        found = super().get(key)
        self._pages.clear()
        return found


async def test_a_kept_page_dropped_at_the_wrong_moment_is_still_shown(house: House) -> None:
    made = await a_cohort(house.store)
    house.app.state.house = replace(house.app.state.house, kept=Forgetful())
    tutor = await house.as_(made.tutors[0])
    pages = [await tutor.get(f"/cohorts/{made.cohort}") for _ in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert len({page.text for page in pages}) == 1


async def test_the_overview_asks_the_database_little(house: House) -> None:
    for size, weeks in ((6, 3), (24, 12)):
        made = await a_cohort(house.store, trainees=size, weeks=weeks)
        tutor = await house.as_(made.tutors[0])
        with counted() as seen:
            assert (await tutor.get(f"/cohorts/{made.cohort}")).status_code == 200
        assert len(seen) <= 8, seen


async def test_after_the_last_session_the_copy_is_the_next_step(house: House) -> None:
    made = await a_cohort(house.store, weeks=1)
    house.later(days=3)
    page = (await (await house.as_(made.tutors[0])).get(f"/cohorts/{made.cohort}")).text
    assert heading(page) == "This term’s sessions are done"
    assert "Copy for next term" in page


@pytest.mark.parametrize("page", PAGES)
async def test_what_is_not_yours_does_not_exist(house: House, page: str) -> None:
    made, other = await a_cohort(house.store), await a_cohort(house.store, name="Secret")
    tutor, trainee = await house.as_(made.tutors[0]), await house.as_(made.people[0])
    foreign = await tutor.get(f"/cohorts/{other.cohort}{page}")
    missing = await tutor.get(f"/cohorts/{uuid4()}{page}")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.text == missing.text
    if page != "/contract":
        assert (await trainee.get(f"/cohorts/{made.cohort}{page}")).status_code == 404


async def test_nobody_else_can_change_a_cohort(house: House) -> None:
    made, other = await a_cohort(house.store, published=False), await a_cohort(house.store)
    before = await house.store.read(lambda db: db.get_one(Cohort, made.cohort).version)
    posts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/people/reading", {"list": "Eve, eve@example.org", "do": "add"}),
        ("/people/apart", {"one": str(made.members[0]), "other": str(made.members[1])}),
        ("/people/tutors", {"tutor_name": "Eve", "tutor_email": "eve@example.org"}),
        (f"/people/{made.members[1]}", {"name": "Eve", "email": "eve@example.org"}),
        (f"/people/{made.members[1]}/removal", {}),
        ("/sessions", TERM),
        ("/framework", LOOKING),
        ("/name", {"name": "Mine now"}),
        ("/copies", {"copy_name": "Mine", "id": str(an_id())}),
        ("/archive", {}),
        ("/return", {}),
        ("/deletion", {}),
    )
    for person in (made.people[0], other.tutors[0], other.people[0]):
        eve = await house.as_(person)
        for path, words in posts:
            assert (await eve.send_form(f"/cohorts/{made.cohort}{path}", words)).status_code == 404, path
    assert await house.store.read(lambda db: db.get_one(Cohort, made.cohort).version) == before
    trainee = await house.as_(made.people[0])
    for path in ("/cohorts", "/cohorts/new", "/frameworks"):
        assert (await trainee.get(path)).status_code == 404, path
    assert (await trainee.send_form("/cohorts", {"name": "Mine"})).status_code == 404


async def test_a_member_of_another_cohort_cannot_be_reached_through_ones_own(house: House) -> None:
    made, other = await a_cohort(house.store), await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    for path in ("", "/removal"):
        assert (await tutor.get(f"/cohorts/{made.cohort}/people/{other.members[0]}{path}")).status_code == 404
        assert (await tutor.send_form(f"/cohorts/{made.cohort}/people/{other.members[0]}{path}")).status_code == 404


async def test_a_cohort_is_renamed_put_away_and_taken_out(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    base = f"/cohorts/{made.cohort}"
    assert (await tutor.send_form(f"{base}/name", {"name": "Level 4"})).headers["location"] == f"{base}/settings"
    refused = await tutor.send_form(f"{base}/name", {"name": "y" * 101})
    assert (refused.status_code, "y" * 101 in refused.text) == (422, True)
    assert (await tutor.send_form(f"{base}/archive")).headers["location"] == f"/cohorts?archived={made.cohort}"
    folded = (await tutor.get(f"/cohorts?archived={made.cohort}")).text
    assert "Archived (1)" in folded
    assert "Take out" in folded
    toast = folded[folded.index('<div class="toast">') : folded.index("<h1")]
    assert "Level 4 is in the archive." in toast
    assert f'action="{base}/return"' in toast
    assert (await tutor.send_form(f"{base}/return")).headers["location"] == f"/cohorts?returned={made.cohort}"
    listed = (await tutor.get("/cohorts")).text
    assert "Archived" not in listed
    assert "Level 4" in listed
    back = (await tutor.get(f"/cohorts?returned={made.cohort}")).text
    assert "Level 4 is back among your cohorts." in back
    assert f'action="{base}/archive"' in back
    for old in ("archived=" + str(made.cohort), "returned=" + str(uuid4()), "archived="):
        assert '<div class="toast">' not in (await tutor.get(f"/cohorts?{old}")).text


async def test_a_copy_has_the_people_and_settings_and_no_dates(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    await tutor.send_form(
        f"/cohorts/{made.cohort}/people/apart", {"one": str(made.members[0]), "other": str(made.members[1])}
    )
    refused = await tutor.send_form(f"/cohorts/{made.cohort}/copies", {"id": str(an_id()), "copy_name": ""})
    assert refused.status_code == 422
    form = {"id": str(an_id()), "copy_name": "Level 3, spring"}
    for _ in range(2):
        answer = await tutor.send_form(f"/cohorts/{made.cohort}/copies", form)
        assert answer.headers["location"] == f"/cohorts/{form['id']}/people"
    copied = UUID(form["id"])
    roles = await house.store.read(
        lambda db: sorted(db.scalars(select(Membership.role).where(Membership.cohort_id == copied)))
    )
    assert roles == ["trainee"] * 6 + ["tutor"]
    cohort = await house.store.read(lambda db: db.get_one(Cohort, copied))
    assert (cohort.published_at, cohort.first_date, cohort.place) == (None, None, "Elm House")
    assert cohort.competencies == ["HC2", "HC8", "HC10"]
    assert "Amara Okafor and Ben Hughes" in (await tutor.get(f"/cohorts/{copied}/people")).text
    assert (await tutor.get(f"/cohorts/{copied}")).headers["location"] == f"/cohorts/{copied}/sessions"


async def test_an_unpublished_cohort_can_be_deleted_and_a_published_one_is_kept(house: House) -> None:
    made, kept = await a_cohort(house.store, published=False), await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    await tutor.send_form(
        f"/cohorts/{made.cohort}/people/apart", {"one": str(made.members[0]), "other": str(made.members[1])}
    )
    await tutor.send_form(f"/cohorts/{made.cohort}/plan/away", {"practice": str(made.sessions[0]), "away": []})
    assert "for good" in (await tutor.get(f"/cohorts/{made.cohort}/deletion")).text
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/deletion")).headers["location"] == "/cohorts"
    assert (await tutor.get(f"/cohorts/{made.cohort}/people")).status_code == 404
    left = await house.store.read(
        lambda db: db.scalar(select(func.count(PracticeSession.id)).where(PracticeSession.cohort_id == made.cohort))
    )
    assert left == 0
    assert "deleted a cohort" in await house.store.read(lambda db: list(db.scalars(select(Deed.verb))))
    other = await house.as_(kept.tutors[0])
    refused = await other.send_form(f"/cohorts/{kept.cohort}/deletion")
    assert (refused.status_code, "You can archive it instead" in refused.text) == (422, True)
    assert (await other.get(f"/cohorts/{kept.cohort}")).status_code == 200


async def test_staff_without_a_cohort_are_offered_the_first_one(house: House) -> None:
    staff = await house.as_(await a_person(house.store, staff=True))
    page = (await staff.get("/cohorts")).text
    assert heading(page) == "No cohorts yet"
    assert "nothing is sent until you publish" in page
