"""No page asks the database often, and none more often because there is more to show."""

import sqlite3
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from tests.builders import a_cohort
from tests.databases import POSTGRESQL_WHEN_LANDING
from tests.house import House
from tests.web.queries import asked_by_every_page, counted, looks_through, queries_of_every_page
from threefold.core.repairs import Scope
from threefold.store.tables import Membership, metadata

pytestmark = POSTGRESQL_WHEN_LANDING

# A centre has few of these, however many its cohorts.
FEW = {"staff", "framework", "concern_reader"}
# Which cohorts use a framework is a question about all of them.
ABOUT_ALL = {
    ("GET /frameworks", "cohort"),
    ("GET /frameworks/{framework_id}/{framework_version}", "cohort"),
    ("GET /frameworks/{framework_id}/{framework_version}/next", "cohort"),
    ("GET /frameworks/{framework_id}/{framework_version}/next/look", "cohort"),
}


async def test_no_page_asks_more_than_eight_times_however_large_the_cohort(house: House) -> None:
    small = await queries_of_every_page(house, await a_cohort(house.store, trainees=6, weeks=2))
    large = await queries_of_every_page(house, await a_cohort(house.store, trainees=30, weeks=12))
    assert {page: asked for page, asked in large.items() if asked > 8} == {}
    assert {page: (small[page], asked) for page, asked in large.items() if asked > small[page]} == {}


async def test_ways_to_mend_a_term_are_looked_for_with_as_few_questions_however_large_the_cohort(house: House) -> None:
    """The page that costs most, with a question of each kind in its address."""
    found: dict[str, list[int]] = {}
    for trainees, weeks in ((6, 2), (18, 8)):
        built = await a_cohort(house.store, trainees=trainees, weeks=weeks)
        tutor, somebody = await house.as_(built.tutors[0]), built.members[0]
        for scope in Scope:
            await left(house, somebody, house.now if scope is Scope.LEAVER else None)
            question = {"asked": "yes", "scope": scope.value, "practice": str(built.sessions[1]), "who": str(somebody)}
            with counted() as statements:
                answer = await tutor.get(f"/cohorts/{built.cohort}/repair", params=question)
            assert answer.status_code == 200
            found.setdefault(scope.value, []).append(len(statements))
    assert {scope: counts for scope, counts in found.items() if len(set(counts)) > 1 or max(counts) > 8} == {}
    assert min(map(min, found.values())) > 5, "they were looked for"


async def left(house: House, member: UUID, at: datetime | None) -> None:
    await house.store.write(lambda db: db.execute(update(Membership).where(Membership.id == member).values(left_at=at)))


async def test_no_page_looks_through_what_other_cohorts_fill(house: House, database_url: str) -> None:
    if house.store.kind != "sqlite":
        pytest.skip("how PostgreSQL goes about it depends on how much it holds")
    built = await a_cohort(house.store, trainees=6, weeks=2)
    grow = metadata.tables.keys() - FEW
    connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    through = {
        (page, table)
        async for page, statements in asked_by_every_page(house, built)
        for statement in statements
        for table in looks_through(connection, statement)
        if table in grow
    }
    connection.close()
    assert through == ABOUT_ALL
