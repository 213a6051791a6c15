"""A made-up centre in the middle of its term: fourteen trainees, two tutors, ten evenings, one of them tonight.

Nobody in it exists, and nothing that is said in it was ever said in a room.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from threefold.core.identity import token_digest
from threefold.demo import day, practice
from threefold.demo.feedback import give_feedback
from threefold.demo.people import ONE_BY_ONE
from threefold.demo.term import HELD, Begun, Term, begin_term, tell_all
from threefold.people.actions import invite_link
from threefold.settings import Settings
from threefold.store import schema, sqlite
from threefold.store.engine import Store, address_of
from threefold.store.tables import Letter
from threefold.web.ids import Ids
from threefold.web.security import Keys, new_token

__all__ = ["Made", "build_demo", "links", "lived_in"]


@dataclass(frozen=True)
class Made:
    """The demo's people as its links need them."""

    tutor: UUID
    trainee: UUID
    observer: UUID


def build_demo(home: Path, port: int, now: datetime | None = None) -> tuple[Settings, list[tuple[str, str]]]:
    """Settings of a demo that is ready to serve, and (part, sign-in link) for each part.

    It is placed around `now`, which is this moment unless one is given. Each demo has a folder of its own in `home`.
    Raises OSError where none can be made.
    """
    now = now or datetime.now(UTC)
    settings = Settings(
        demo=True,
        data_folder=home / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f"),
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        plain_http=True,
        secret=secrets.token_urlsafe(48),
        sender="practice@elmhouse.example",
        centre="Elm House",
        contact="The office, 01632 960000, office@elmhouse.example",
    )
    settings.data_folder.mkdir(parents=True)
    schema.lay_out(sqlite.path_of(address_of(settings.database)))
    store = Store.open(settings.database)
    try:
        made = store.write_now(lambda db: _made_up(db, settings, now))
        return settings, links(store, settings, made, now)
    finally:
        store.close_now()


def _made_up(db: Session, settings: Settings, now: datetime) -> Made:
    """Everything that is made up, with the letters about what is past gone out in their time."""
    begun, term, observer = lived_in(db, settings, now, invited=ONE_BY_ONE)
    at = replace(begun, new_id=Ids(now))
    day.hold_an_evening(at, term, term.held[-1])
    day.rate_an_evening(at, term, term.held[-1])
    practice.say_when_free(at, term)
    practice.open_extra_practice(at, term)
    practice.ask_about_a_swap(at, term, term.trainees[0])
    practice.invite_a_guest(at, term)
    tell_all(at, term.cohort.id, now)
    db.execute(update(Letter).where(Letter.expires_at <= now).values(sent_at=Letter.due_at, tries=1))
    return Made(term.tutors[0].id, term.trainees[0].id, observer)


def lived_in(db: Session, settings: Settings, now: datetime, *, invited: Collection[str]) -> tuple[Begun, Term, UUID]:
    """A term in its fifth week, with feedback on the four evenings that were held, and who owes some (a person).

    `invited` get an invitation for each evening; everybody else's calendar reads the feed.
    """
    since = now - timedelta(weeks=HELD + 1)
    at = Begun(db, settings, now, since, Ids(since))
    term = begin_term(at, invited)
    waiting = give_feedback(at, term)
    by_member = {membership.id: membership.person_id for membership in term.members.values()}
    return at, term, by_member[waiting or term.member(term.trainees[1]).id]


def links(store: Store, settings: Settings, made: Made, now: datetime) -> list[tuple[str, str]]:
    keys, found = Keys(settings.secret), []
    for part, person, destination in (
        ("tutor", made.tutor, "/cohorts"),
        ("trainee", made.trainee, "/"),
        ("observer", made.observer, "/feedback"),
    ):
        token = new_token()

        def work(db: Session, person: UUID = person, destination: str = destination, token: str = token) -> None:
            invite_link(
                db,
                person,
                destination,
                link=token_digest(token),
                digest=keys.digest,
                lasts=timedelta(days=7),
                now=now,
                new_id=Ids(now),
            )

        store.write_now(work)
        found.append((part, f"{settings.base_url}/sign-in/link/{token}"))
    return found
