"""Words of a form that came while nobody was signed in: kept for a day, for the browser that sent them."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from threefold.core.identity import token_digest
from threefold.store.tables import KeptForm

KEEP_FORMS = timedelta(days=1)
MOST_KEPT_PER_HOUR = 60  # from one network


def keep(
    db: Session,
    fields: tuple[tuple[str, str], ...],
    *,
    id: UUID,
    browser: str,
    network_digest: bytes,
    path: str,
    now: datetime,
) -> bool:
    """Keep what was sent to this path; False where so much came from there lately that no more is kept."""
    db.execute(delete(KeptForm).where(KeptForm.expires_at <= now))
    lately = select(func.count()).where(
        KeptForm.network_digest == network_digest, KeptForm.kept_at > now - timedelta(hours=1)
    )
    if db.scalar(lately) >= MOST_KEPT_PER_HOUR:  # type: ignore[operator] # count() is never NULL
        return False
    db.add(
        KeptForm(
            id=id,
            browser_digest=token_digest(browser),
            network_digest=network_digest,
            path=path,
            fields=[[name, value] for name, value in fields],
            kept_at=now,
            expires_at=now + KEEP_FORMS,
        )
    )
    return True


def let_go(db: Session, browser: str, path: str) -> None:
    """Delete what this browser left for this path."""
    db.execute(delete(KeptForm).where(KeptForm.browser_digest == token_digest(browser), KeptForm.path == path))
