"""No page asks the database often, and none more often because there is more to show."""

import sqlite3

import pytest

from tests.builders import a_cohort
from tests.house import House
from tests.web.queries import asked_by_every_page, looks_through, queries_of_every_page
from threefold.store.tables import metadata

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


async def test_no_page_looks_through_what_other_cohorts_fill(house: House) -> None:
    if house.store.kind != "sqlite":
        pytest.skip("how PostgreSQL goes about it depends on how much it holds")
    built = await a_cohort(house.store, trainees=6, weeks=2)
    grow = metadata.tables.keys() - FEW
    connection = sqlite3.connect(house.settings.database.removeprefix("sqlite:///"))
    through = {
        (page, table)
        async for page, statements in asked_by_every_page(house, built)
        for statement in statements
        for table in looks_through(connection, statement)
        if table in grow
    }
    connection.close()
    assert through == ABOUT_ALL
