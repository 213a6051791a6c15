"""What is asked and changed past the session means the same on both databases, and is undone with its unit."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from tests.builders import an_id
from threefold.store.engine import Store
from threefold.store.prepared import Prepared, PreparedChange
from threefold.store.rows import TABLES, CohortRow, PracticeRow, SeatRow, columns, split
from threefold.store.sqlite import driver
from threefold.store.tables import Person, metadata

person, deed, turn = (metadata.tables[name] for name in ("person", "deed", "turn"))
NOON = datetime(2026, 10, 7, 12, tzinfo=UTC)
ADD = PreparedChange(insert(person))
RENAME = PreparedChange(update(person).where(person.c.id == bindparam("whose")))
REMOVE = PreparedChange(delete(person).where(person.c.id == bindparam("whose")))
BY_ID = Prepared(
    select(person.c.id, person.c.name, person.c.created_at).where(person.c.id == bindparam("whose")),
    lambda id_, name, at: (id_, name, at),
)
AMONG = Prepared(
    select(person.c.name).where(person.c.id.in_(bindparam("these", expanding=True))).order_by(person.c.name),
    lambda name: name,
)
NAMED = Prepared(select(person.c.id).where(person.c.name == "Ivy"), lambda id_: id_)
IN_ONE = Prepared(select(func.aggregate_strings(person.c.name, ", ")), lambda names: names)


def add(db: Session, id_: UUID, name: str) -> None:
    address = f"{name.lower()}@example.org"
    ADD.run(
        db,
        id=id_,
        name=name,
        email=address,
        email_key=address,
        pronouns="",
        feed_number=0,
        calendar_shows="roles",
        created_at=NOON,
    )


def test_values_go_in_and_come_back_as_they_are(store: Store) -> None:
    ivy, zoe = an_id(), an_id()

    def work(db: Session) -> object:
        add(db, ivy, "Ivy")
        add(db, zoe, "Zoë")
        RENAME.run(db, whose=zoe, name="Zoé")
        return BY_ID.one(db, whose=ivy), AMONG.all(db, these=[zoe, ivy]), AMONG.all(db, these=[zoe]), NAMED.all(db)

    kept = store.write_now(work)
    assert kept == ((ivy, "Ivy", NOON), ["Ivy", "Zoé"], ["Zoé"], [ivy])
    assert store.read_now(lambda db: AMONG.all(db, these=[])) == []
    assert store.read_now(lambda db: BY_ID.one(db, whose=an_id())) is None


def test_what_the_session_has_changed_is_seen(store: Store) -> None:
    ivy = an_id()

    def work(db: Session) -> object:
        add(db, ivy, "Ivy")
        db.get_one(Person, ivy).name = "Iva"
        return BY_ID.one(db, whose=ivy)

    assert store.write_now(work) == (ivy, "Iva", NOON)


def test_a_unit_that_ends_badly_leaves_nothing_behind(store: Store) -> None:
    ivy = an_id()

    def work(db: Session) -> None:
        add(db, ivy, "Ivy")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_now(work)
    assert store.read_now(lambda db: BY_ID.one(db, whose=ivy)) is None


def test_a_default_that_nobody_fills_in_is_asked_for(store: Store) -> None:
    def work(db: Session) -> None:
        ADD.run(db, id=an_id(), name="Ivy", email="ivy@example.org", email_key="ivy@example.org", created_at=NOON)

    with pytest.raises(LookupError, match="no value for pronouns, feed_number"):
        store.write_now(work)


def test_two_rows_where_one_is_meant_are_said(store: Store) -> None:
    for name in ("Ivy", "Zoë"):
        store.write_now(partial(add, id_=an_id(), name=name))
    with pytest.raises(LookupError, match="2 rows"):
        store.read_now(lambda db: Prepared(select(person.c.id), lambda id_: id_).one(db))


def test_many_changes_of_one_kind_and_taking_away(store: Store) -> None:
    ids = [an_id(), an_id()]

    def work(db: Session) -> object:
        for id_, name in zip(ids, ("Ivy", "Zoë"), strict=True):
            add(db, id_, name)
        RENAME.run_each(db, [{"whose": id_, "name": f"Somebody {place}"} for place, id_ in enumerate(ids)])
        named = AMONG.all(db, these=ids)
        REMOVE.run(db, whose=ids[0])
        return named, AMONG.all(db, these=ids), IN_ONE.one(db)

    assert store.write_now(work) == (["Somebody 0", "Somebody 1"], ["Somebody 1"], "Somebody 1")


def test_rows_are_columns_of_their_tables_and_a_join_in_vain_is_nobody() -> None:
    assert {row: len(columns(row)) for row in TABLES} == {
        row: len(row.__dataclass_fields__)  # type: ignore[attr-defined] # every row is a dataclass
        for row in TABLES
    }
    practice = (an_id(), 3, NOON, NOON, "Room 2", "", None, None, None)
    assert split(PracticeRow, SeatRow)(*practice, *[None] * len(columns(SeatRow))) == (PracticeRow(*practice), None)
    assert columns(CohortRow)[0] is metadata.tables["cohort"].c.id


def test_what_is_compared_with_always_is_written_out_as_it_is(store: Store) -> None:
    names = ("O’Hara", "D'Arcy; --", 'Zoë "Zo" %s', "100 % ? :whose %(whose)s", "a\\b")
    ids = {name: an_id() for name in names}

    def work(db: Session) -> object:
        for name, id_ in ids.items():
            add(db, id_, name)
        return {
            name: Prepared(
                select(person.c.id).where(person.c.name == name, person.c.id != bindparam("whose")), lambda id_: id_
            ).all(db, whose=an_id())
            for name in names
        }

    assert store.write_now(work) == {name: [id_] for name, id_ in ids.items()}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_question_is_planned_once_though_an_index_holds_some_rows_alone(store: Store) -> None:
    counsellor = turn.c.role == "counsellor"  # uq_turn_one_counsellor holds these alone
    whose = Prepared(select(turn.c.seat_id).where(turn.c.triad_id == bindparam("triad"), counsellor), lambda seat: seat)
    planned: list[int] = []

    def note(*_asked: object) -> int:
        planned.append(1)
        return sqlite3.SQLITE_OK

    def work(db: Session) -> list[int]:
        driver(db.connection()).set_authorizer(note)  # SQLite asks it while it plans
        so_far = []
        for _ in range(3):
            whose.all(db, triad=an_id())
            so_far.append(len(planned))
        return so_far

    first, second, third = store.read_now(work)
    assert first > 0
    assert first == second == third
