"""Units of work on both databases: kept whole or not at all, answered truly, and never left waiting."""

import asyncio
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.orm import Session

from tests.store.rows import arrive, count_up, person, who_is_here
from threefold.store import sqlite
from threefold.store.engine import Busy, Store, Unusable, address_of
from threefold.store.tables import Person


class Regret(Exception):  # noqa: N818 - it is no mistake
    """What a unit raises when it thinks better of it."""


class Gate:
    """A unit that stays in the middle of its work until it is let through."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, db: Session) -> str:
        db.add(person("Gatekeeper"))
        db.flush()
        self.reached.set()
        assert self.opened.wait(10)
        return "through"


@contextmanager
def somebody_else_writing(url: str) -> Iterator[None]:
    """Another process that holds what every writer needs, and lets readers be."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        connection = sqlite.engine_for(sqlite.path_of(address), patience_seconds=1).connect()
        try:
            sqlite.begin_writing(connection)
            yield
        finally:
            connection.close()
    else:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE person IN SHARE MODE")
            yield


async def test_what_a_unit_returned_from_is_there_for_the_next(store: Store) -> None:
    assert await store.write(arrive("Ana")) == "Ana"
    assert await store.read(who_is_here) == ["Ana"]
    assert store.write_now(arrive("Ben")) == "Ben"
    assert store.read_now(who_is_here) == ["Ana", "Ben"]


async def test_a_glance_sees_what_is_there_now_and_changes_nothing(store: Store, database_url: str) -> None:
    await store.write(arrive("Ana"))
    assert await store.glance(who_is_here) == ["Ana"]
    await store.write(arrive("Ben"))
    assert await store.glance(who_is_here) == ["Ana", "Ben"]
    with somebody_else_writing(database_url):
        assert await store.glance(who_is_here) == ["Ana", "Ben"]

    def regrets(_db: Session) -> None:
        raise Regret

    with pytest.raises(Regret):
        await store.glance(regrets)
    await store.glance(arrive("Cleo"))
    assert await store.read(who_is_here) == ["Ana", "Ben"]


async def test_an_error_is_its_callers_alone_and_neighbours_are_kept(store: Store) -> None:
    def regret(db: Session) -> None:
        db.add(person("Nobody"))
        db.flush()
        raise Regret

    gate = Gate()
    held = asyncio.create_task(store.write(gate))  # so that the others wait together
    await asyncio.to_thread(gate.reached.wait)
    together = asyncio.gather(
        store.write(arrive("Ana")),
        store.write(regret),
        store.write(arrive("Ben")),
        store.write(arrive("Ana")),
        store.write(arrive("Cleo")),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    gate.opened.set()
    answers = await together
    assert await held == "through"
    assert [answer if isinstance(answer, str) else type(answer) for answer in answers] == [
        "Ana",
        Regret,
        "Ben",
        IntegrityError,
        "Cleo",
    ]
    assert await store.read(who_is_here) == ["Ana", "Ben", "Cleo", "Gatekeeper"]


@pytest.mark.parametrize("verb", ["commit", "rollback", "close", "begin", "reset", "invalidate"])
def test_a_unit_that_takes_the_transaction_into_its_own_hands_is_refused(store: Store, verb: str) -> None:
    def grab(db: Session) -> None:
        db.add(person("Ana"))
        db.flush()
        getattr(db, verb)()

    with pytest.raises(RuntimeError, match=f"a unit of work does not {verb}: return to keep"):
        store.write_now(grab)
    assert store.read_now(who_is_here) == []


def test_a_unit_may_try_something_inside_and_go_on_without_it(store: Store) -> None:
    store.write_now(arrive("Ana"))

    def try_both(db: Session) -> str:
        try:
            with db.begin_nested():
                db.add(person("Ana"))
        except IntegrityError:
            db.add(person("Ana the second"))
        return "settled"

    assert store.write_now(try_both) == "settled"
    assert store.read_now(who_is_here) == ["Ana", "Ana the second"]


def test_a_unit_that_overlooks_a_refused_row_keeps_nothing(store: Store) -> None:
    store.write_now(arrive("Ana"))

    def overlook(db: Session) -> None:
        db.add(person("Ben"))
        db.flush()
        db.add(person("Ana"))
        try:
            db.flush()
        except IntegrityError:
            return

    with pytest.raises(InvalidRequestError):
        store.write_now(overlook)
    assert store.read_now(who_is_here) == ["Ana"]


def test_reading_cannot_write(store: Store) -> None:
    def sneak(db: Session) -> None:
        db.add(person("Ana"))
        db.flush()

    with pytest.raises(DBAPIError, match=r"read-?only"):
        store.read_now(sneak)
    store.read_now(arrive("Ben"))  # never flushed, never kept
    assert store.read_now(who_is_here) == []


def test_a_unit_reads_one_state_while_others_write(store: Store) -> None:
    store.write_now(arrive("Ana"))

    def look_twice(db: Session) -> tuple[list[str], list[str]]:
        before = who_is_here(db)
        store.write_now(arrive("Ben"))
        return before, who_is_here(db)

    assert store.read_now(look_twice) == (["Ana"], ["Ana"])
    assert store.read_now(who_is_here) == ["Ana", "Ben"]


def test_finished_values_outlive_their_unit_and_the_session_does_not(store: Store) -> None:
    kept: list[Session] = []

    def keep(db: Session) -> Person:
        kept.append(db)
        db.add(ana := person("Ana"))
        return ana

    assert store.write_now(keep).name == "Ana"
    with pytest.raises(InvalidRequestError):
        who_is_here(kept[0])


def test_a_unit_cannot_wait_for_another(store: Store) -> None:
    with pytest.raises(RuntimeError, match="cannot wait for another"):
        store.write_now(lambda _db: store.write_now(arrive("Ana")))
    assert store.read_now(who_is_here) == []


def test_a_unit_that_tries_to_end_the_program_only_ends_itself(store: Store) -> None:
    def leave(db: Session) -> None:
        db.add(person("Ana"))
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match=r"tried to end the program with SystemExit\(3\)"):
        store.write_now(leave)
    with pytest.raises(RuntimeError, match="tried to end the program"):
        store.read_now(leave)
    assert store.alive()
    assert store.write_now(arrive("Ben")) == "Ben"
    assert store.read_now(who_is_here) == ["Ben"]


async def test_a_caller_who_leaves_harms_nobody(store: Store) -> None:
    gate = Gate()
    impatient = asyncio.create_task(store.write(gate))
    await asyncio.to_thread(gate.reached.wait)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    gate.opened.set()
    await store.write(arrive("Ana"))
    assert await store.read(who_is_here) == ["Ana", "Gatekeeper"]


def test_an_answer_whose_event_loop_is_gone_is_dropped_and_the_row_kept(store: Store) -> None:
    gate = Gate()

    async def leave_early() -> None:
        waiting = asyncio.create_task(store.write(gate))
        await asyncio.to_thread(gate.reached.wait)
        waiting.cancel()

    asyncio.run(leave_early())
    gate.opened.set()
    store.write_now(arrive("Ana"))
    assert store.read_now(who_is_here) == ["Ana", "Gatekeeper"]


async def test_a_lock_that_lasts_is_answered_with_busy_and_reading_goes_on(database_url: str) -> None:
    store = Store.open(database_url, patience_seconds=0.2)
    await store.write(arrive("Ana"))
    with somebody_else_writing(database_url):
        answers = await asyncio.gather(
            *(store.write(arrive(name)) for name in ("Ben", "Cleo", "Dev")), return_exceptions=True
        )
        assert [isinstance(answer, Busy) for answer in answers] == [True, True, True]
        assert await store.read(who_is_here) == ["Ana"]
    assert store.alive()
    assert await store.write(arrive("Ben")) == "Ben"
    assert await store.read(who_is_here) == ["Ana", "Ben"]
    await store.close()


async def test_a_lock_that_passes_is_waited_for(store: Store, database_url: str) -> None:
    with somebody_else_writing(database_url):
        waiting = asyncio.create_task(store.write(arrive("Ana")))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting == "Ana"


async def test_two_stores_on_one_database_lose_no_update(database_url: str) -> None:
    one, other = Store.open(database_url, patience_seconds=20), Store.open(database_url, patience_seconds=20)
    await one.write(arrive("Ana"))
    numbers = await asyncio.gather(*(store.write(count_up("Ana")) for _ in range(40) for store in (one, other)))
    assert sorted(numbers) == list(range(1, 81))
    await one.close()
    assert await other.write(count_up("Ana")) == 81
    await other.close()


async def test_closing_finishes_what_was_taken_and_takes_no_more(store: Store) -> None:
    gate = Gate()
    names = [f"Person {number:02}" for number in range(50)]
    held = asyncio.create_task(store.write(gate))
    await asyncio.to_thread(gate.reached.wait)
    waiting = [asyncio.create_task(store.write(arrive(name))) for name in names]
    await asyncio.sleep(0)
    closing = asyncio.create_task(store.close())
    while store.alive():  # noqa: ASYNC110 - a thread closes it
        await asyncio.sleep(0.005)
    with pytest.raises(Busy, match="closing"):
        await store.write(arrive("Latecomer"))
    gate.opened.set()
    assert await asyncio.gather(held, *waiting) == ["through", *names]
    await closing
    with pytest.raises(Busy, match="closing"):
        store.read_now(who_is_here)
    await store.close()  # twice is fine


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is killed on purpose
async def test_a_writer_that_dies_is_noticed_and_answered(store: Store) -> None:
    gate = Gate()
    held = asyncio.create_task(store.write(gate))
    await asyncio.to_thread(gate.reached.wait)
    store._writer._waiting.put("no errand at all")  # type: ignore[arg-type] # the accident that ends the thread
    waiting = asyncio.gather(*(store.write(arrive(f"Ben {n}")) for n in range(8)), return_exceptions=True)
    await asyncio.sleep(0)
    gate.opened.set()
    assert await held == "through"
    answers = await asyncio.wait_for(waiting, 10)
    assert [repr(answer) for answer in answers] == ["Busy('the thread writer-0 has ended')"] * 8
    assert not store.alive()
    with pytest.raises(Busy, match="the thread writer-0 has ended"):
        await store.write(arrive("Cleo"))
    assert await store.read(who_is_here) == ["Gatekeeper"]


@pytest.mark.parametrize(
    "address", ["", "mysql://localhost/x", "oracle+nothing://x", "sqlite://", "sqlite:///:memory:", "not an address"]
)
def test_an_address_that_means_no_database_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(Unusable, match=r"sqlite:////folder/file\.db"):
        Store.open(address)


def test_errors_show_no_values(store: Store) -> None:
    store.write_now(arrive("Ana"))
    with pytest.raises(IntegrityError) as refused:
        store.write_now(arrive("Ana"))
    shown = "".join(traceback.format_exception(refused.value))
    assert "person" in shown
    assert "elmhouse.example" not in shown
    words = "something somebody said"
    with pytest.raises(IntegrityError) as incomplete:
        store.write_now(lambda db: db.execute(update(Person).values(email=None, name=words)))
    assert words not in "".join(traceback.format_exception(incomplete.value))
