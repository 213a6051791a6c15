"""About concerns: that something is waiting for whoever reads them, and once more when the promised time is over."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from threefold.concerns import queries
from threefold.reminding.wanted import Reader, Wanted


def about_concerns(db: Session, now: datetime) -> Iterator[Wanted]:
    """Neither name nor word nor group; not even the address the letter leads to says what it is."""
    waiting = queries.waiting(db)
    for reader in queries.readers(db) if waiting else ():
        to = Reader(reader.person_id, reader.name, reader.email, reader.zone)
        for each in waiting:
            once, lane = f"concern-waiting:{each.id}:{reader.person_id}", f"waiting:{reader.person_id}"
            subject = "Something is waiting for you in Threefold"
            yield Wanted("concern-waiting", once, lane, None, to, subject, {})
            if now >= each.promised:
                subject = "Something is still waiting for you in Threefold"
                yield Wanted("concern-waiting", f"{once}:again", lane, None, to, subject, {})
