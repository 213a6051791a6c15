"""Moments come back as the same moments in UTC, and words come back in their own letters, on both databases."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, literal, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from threefold.store.columns import Json, UtcDateTime
from threefold.store.engine import Store


@dataclass(frozen=True)
class Moment:
    at: int
    words: str


scraps = Table(
    "scrap",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime()),
    Column("anything", Json()),
    Column("moments", Json(tuple[Moment, ...])),
)


@pytest.fixture
def scrapbook(blank_url: str) -> Any:
    store = Store.open(blank_url)
    store.write_now(lambda db: scraps.create(db.connection()))
    yield store
    store.close_now()


def put(store: Store, **values: Any) -> None:
    store.write_now(lambda db: db.execute(insert(scraps).values(**values)) and None)


def test_moments_are_kept_to_the_microsecond_and_come_back_in_utc(scrapbook: Store) -> None:
    said = [
        datetime(2026, 6, 29, 1, 30, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 3, 29, 0, 30, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 29, 9, 0, tzinfo=timezone(timedelta(hours=9))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        None,
    ]
    for number, at in enumerate(said):
        put(scrapbook, number=number, at=at)
    kept = scrapbook.read_now(lambda db: list(db.scalars(select(scraps.c.at).order_by(scraps.c.number))))
    assert kept == said
    assert {moment.tzinfo for moment in kept if moment} == {UTC}


def test_moments_sort_and_compare_as_time_does(scrapbook: Store) -> None:
    noon = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
    for number, seconds in enumerate([5, -3600, 0, 0.000001, 86400 * 400]):
        put(scrapbook, number=number, at=noon + timedelta(seconds=seconds))

    def in_order(db: Session) -> tuple[list[int], list[int], int | None]:
        return (
            list(db.scalars(select(scraps.c.number).order_by(scraps.c.at))),
            list(
                db.scalars(
                    select(scraps.c.number)
                    .where(scraps.c.at > noon.astimezone(ZoneInfo("Asia/Tokyo")))
                    .order_by(scraps.c.number)
                )
            ),
            db.scalar(select(scraps.c.number).where(scraps.c.at == literal(noon, UtcDateTime(), literal_execute=True))),
        )

    assert scrapbook.read_now(in_order) == ([1, 2, 3, 0, 4], [0, 3, 4], 2)


def test_a_reading_of_a_clock_is_no_moment(scrapbook: Store) -> None:
    with pytest.raises(StatementError, match="has no time zone") as refused:
        put(scrapbook, number=1, at=datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001 - that is the point
    assert isinstance(refused.value.orig, ValueError)


def test_words_keep_their_letters(scrapbook: Store) -> None:
    said: dict[str, Any] = {"words": "Zoë – “да”, 聞く, 👂", "list": [1, 2.5, None, True, {"deep": []}]}
    put(scrapbook, number=1, anything=said)
    put(scrapbook, number=2, anything=None)
    kept = scrapbook.read_now(lambda db: list(db.scalars(select(scraps.c.anything).order_by(scraps.c.number))))
    assert kept == [said, None]
    raw = scrapbook.read_now(lambda db: db.scalar(text("SELECT anything FROM scrap WHERE number = 1")))
    assert "Zoë – “да”, 聞く, 👂" in raw
    nothing = scrapbook.read_now(lambda db: db.scalar(text("SELECT count(*) FROM scrap WHERE anything IS NULL")))
    assert nothing == 1


def test_a_shape_comes_back_as_it_went_in(scrapbook: Store) -> None:
    moments = (Moment(3, "You said “tired”"), Moment(9, "…"))
    put(scrapbook, number=1, moments=moments)
    assert scrapbook.read_now(lambda db: db.scalar(select(scraps.c.moments))) == moments


def test_what_does_not_fit_its_shape_is_noticed(scrapbook: Store) -> None:
    scrapbook.write_now(
        lambda db: db.execute(text('INSERT INTO scrap (number, moments) VALUES (1, \'[{"at": "three"}]\')')) and None
    )
    with pytest.raises(msgspec.ValidationError):
        scrapbook.read_now(lambda db: db.scalar(select(scraps.c.moments)))
