"""How often each page asks the database, for the test and the benchmark that hold it to a few times."""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.builders import Class, an_id
from tests.house import House
from tests.web.test_rights import SHIPPED, ids_of, ways
from threefold.store import postgresql, sqlite

SAID = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent while this is open, to whatever database: through SQLAlchemy or past it (store.prepared)."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    def noting(execute: Any) -> Any:
        def noted(driver: Any, sql: Any, *values: Any) -> Any:
            if isinstance(sql, str) and sql.startswith(SAID):  # not BEGIN and its like
                statements.append(sql)
            return execute(driver, sql, *values)

        return noted

    event.listen(Engine, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patch:
        for driver in (sqlite._Driver, postgresql._Driver):
            patch.setattr(driver, "execute", noting(driver.execute))
        patch.setattr(postgresql._Driver, "rows", noting(postgresql._Driver.rows))  # SQLite's executes
        try:
            yield statements
        finally:
            event.remove(Engine, "before_cursor_execute", note)


async def queries_of_every_page(house: House, built: Class) -> dict[str, int]:
    """The most statements each GET route took for a tutor or one of the people of the cohort's first triad."""
    most: dict[str, int] = {}
    async for page, statements in asked_by_every_page(house, built):
        most[page] = max(len(statements), most.get(page, 0))
    return most


async def asked_by_every_page(house: House, built: Class) -> AsyncIterator[tuple[str, list[str]]]:
    """The statements of each GET route, asked by a tutor and by each of the people of the cohort's first triad."""
    ids = {**await ids_of(house, built), "form_id": an_id(), "session_id": an_id(), "person_id": built.people[0]}
    ids |= SHIPPED | {
        "secret": "0" * 64,
        "kind": "reminder",
        "token": "a-token",
        "version": "0",
        "name": "threefold.css",
    }
    for person in (built.tutors[0], *built.people[:3]):
        browser = await house.as_(person)
        for way in ways(house.app):
            if way.method == "GET":
                with counted() as statements:
                    await way.ask(browser, ids)
                yield str(way), statements


def looks_through(connection: sqlite3.Connection, statement: str) -> list[str]:
    """The tables that SQLite would go through from end to end for this statement, whatever it is asked with."""
    values: Any = dict.fromkeys(re.findall(r"(?<![:\w]):(\w+)", statement)) or [None] * statement.count("?")
    found = []
    for _id, _parent, _unused, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values):
        if said := re.match(r"SCAN (\w+)", detail):
            named = re.search(rf"(\w+) AS \"?{said[1]}\"?\b", statement)
            found.append(named[1] if named else said[1])
    return found
