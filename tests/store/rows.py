"""A few rows to try the store with: people who arrive, and a place where only one can be."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from threefold.store.tables import Person

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def person(name: str) -> Person:
    """Somebody whose id follows from their name: arriving twice is refused."""
    address = f"{name.lower()}@elmhouse.example"
    return Person(
        id=UUID(bytes=name.encode()[:16].ljust(16, b".")), name=name, email=address, email_key=address, created_at=NOON
    )


def arrive(name: str) -> Callable[[Session], str]:
    def work(db: Session) -> str:
        db.add(person(name))
        return name

    return work


def who_is_here(db: Session) -> list[str]:
    return list(db.scalars(select(Person.name).order_by(Person.name)))


def count_up(name: str) -> Callable[[Session], int]:
    """Read a number, think, write the next: the shape in which updates are lost if units could mix."""

    def work(db: Session) -> int:
        found = db.scalars(select(Person.feed_number).where(Person.name == name)).one()
        db.execute(update(Person).where(Person.name == name).values(feed_number=found + 1))
        return found + 1

    return work
