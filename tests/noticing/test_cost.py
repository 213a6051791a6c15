"""What tutors look at costs by their cohort's size alone: no question reads through a table that every cohort fills."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.house import House
from tests.noticing.terms import a_term
from tests.web.queries import counted

GROWING = {
    "addendum", "answer", "conversation", "membership", "note", "nudge", "observation", "piece", "practice_session",
    "rating", "seat", "triad", "turn", "withdrawal", "wish",
}  # fmt: skip


@pytest.fixture
def kind() -> str:
    """SQLite's planner tells without statistics; PostgreSQL's reads through small tables because they are small."""
    return "sqlite"


def plan_of(db: Session, sql: str) -> list[tuple[str, str]]:
    """How each table is come by: ("SEARCH" or "SCAN", the table)."""
    tables = dict(re.findall(r"\b(\w+) AS (\w+)\b", sql))
    named = {alias: table for table, alias in tables.items()}
    rows = db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))
    found = [re.match(r"(SEARCH|SCAN) (\w+)", str(row[-1])) for row in rows]
    return [(one[1], str(named.get(one[2], one[2]))) for one in found if one]


@pytest.mark.parametrize("path", ["/cohorts/{cohort}/noticing", "/cohorts/{cohort}/agreement", "/feedback/to-come"])
async def test_every_growing_table_is_reached_by_an_index(house: House, path: str) -> None:
    term = await a_term(house.store, trainees=8, weeks=2)
    for person in range(8):
        for observer in term.observers(0, person):
            term.writes(0, person, observer, "observer", HC2=3, HC8=2)
    await term.keep(house.store)
    house.now = term.starts[-1] + timedelta(days=1)
    tutor = await house.as_(term.built.tutors[0])
    with counted() as statements:
        assert (await tutor.get(path.format(cohort=term.built.cohort))).status_code == 200
    plans = await house.store.read(lambda db: {sql: plan_of(db, sql) for sql in statements})
    scans = [(table, sql) for sql, plan in plans.items() for how, table in plan if how == "SCAN" and table in GROWING]
    assert scans == []
    assert {table for plan in plans.values() for _, table in plan} >= {"piece", "rating", "turn"}
