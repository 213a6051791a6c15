"""Links that nobody has, counted by network: whoever tries many of them within the hour has to wait.

Counted in the database, so that several processes count together. What is kept is a keyed digest of the network and
when; it says nothing of who tried, or what, and goes after an hour. It is the one thing that looking at a page writes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from threefold.core.sign_in import LIMITED_OVER, MOST_PER_NETWORK
from threefold.store.tables import LinkTry


def has_to_wait(db: Session, network: bytes, now: datetime) -> bool:
    """Whether this network has tried so many unknown links within the hour. Nothing is written."""
    tried = select(func.count()).where(LinkTry.network_digest == network, LinkTry.at > now - LIMITED_OVER)
    return (db.scalar(tried) or 0) >= MOST_PER_NETWORK


def tried(db: Session, network: bytes, *, now: datetime, id: UUID) -> None:
    """One more, and what is older than the hour goes, whosever it was."""
    db.execute(delete(LinkTry).where(LinkTry.at <= now - LIMITED_OVER))
    if not has_to_wait(db, network, now):
        db.add(LinkTry(id=id, network_digest=network, at=now))
