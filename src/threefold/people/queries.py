"""What the pages of signing in, help and one's own details show: typed rows, no more columns than needed."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.names import first_name
from threefold.core.sign_in import Asked
from threefold.store.tables import Cohort, KeptForm, Membership, Person, SignInRequest, SignInSession, Wish

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@dataclass(frozen=True)
class Somebody:
    """Whom a sign-in letter goes to."""

    id: UUID
    name: str
    email: str
    zone: str | None


@dataclass(frozen=True)
class Waiting:
    """The page that takes the code. Nothing on it depends on whether the address is known."""

    id: UUID
    until: datetime
    over: str  # why it is over; "" while it runs
    destination: str


@dataclass(frozen=True)
class MailedLink:
    """What a link out of a mail leads to. `email` is filled in whenever the link was ever ours, alive or not."""

    works: bool
    person_id: UUID | None
    first_name: str
    email: str
    destination: str


@dataclass(frozen=True)
class Browser:
    """A browser somebody is signed in with."""

    id: UUID
    name: str
    since: datetime
    seen: datetime
    is_this_one: bool


@dataclass(frozen=True)
class OwnDetails:
    """A person's own page."""

    name: str
    email: str
    pronouns: str
    zone: str
    calendar: str  # "invitations" or "feed"
    shows: str  # core.diary.Shows
    browsers: tuple[Browser, ...]


@dataclass(frozen=True)
class GroupHelp:
    """Whom a member of one group can turn to."""

    name: str
    tutors: tuple[tuple[str, str], ...]  # name, address
    safeguarding_lead: str


@dataclass(frozen=True)
class Kept:
    """Words that were sent while nobody was signed in."""

    path: str
    fields: tuple[tuple[str, str], ...]


def somebody(db: Session, email_key: str) -> Somebody | None:
    found = db.execute(
        select(Person.id, Person.name, Person.email, Person.zone).where(Person.email_key == email_key)
    ).one_or_none()
    return Somebody(*found) if found else None


def waiting(db: Session, request_id: UUID, now: datetime) -> Waiting | None:
    row = db.get(SignInRequest, request_id)
    if row is None:
        return None
    asked = Asked(row.expires_at, row.spent_at, row.wrong_codes, row.person_id is not None)
    return Waiting(row.id, row.expires_at, asked.over(now), row.destination)


def signed_in_by(db: Session, request_id: UUID) -> UUID | None:
    """The person who used a request up; None while nobody has."""
    return db.scalar(
        select(SignInRequest.person_id).where(SignInRequest.id == request_id, SignInRequest.spent_at.is_not(None))
    )


def mailed_link(db: Session, link: bytes, *, digest: Callable[..., bytes], now: datetime) -> MailedLink | None:
    """The link with this digest; None for one that never was, or is long forgotten."""
    found = db.execute(
        select(SignInRequest, Person)
        .outerjoin(Person, Person.id == SignInRequest.person_id)
        .where(SignInRequest.link_digest == link)
    ).one_or_none()
    if found is None:
        return None
    row, person = found.SignInRequest, found.Person
    if person is None or not hmac.compare_digest(digest("address", person.email_key), row.address_digest):
        return MailedLink(works=False, person_id=None, first_name="", email="", destination=row.destination)
    asked = Asked(row.expires_at, row.spent_at, row.wrong_codes, for_somebody=True)
    return MailedLink(asked.works(now), person.id, first_name(person.name), person.email, row.destination)


def own_details(db: Session, person_id: UUID, session_id: UUID, now: datetime, idle: timedelta) -> OwnDetails:
    """The person, and the browsers they are signed in with, this one first. `idle` ends a session by itself."""
    person = db.get_one(Person, person_id)
    rows = db.execute(
        select(SignInSession.id, SignInSession.browser, SignInSession.started_at, SignInSession.seen_at)
        .where(
            SignInSession.person_id == person_id,
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > now,
            SignInSession.seen_at > now - idle,
        )
        .order_by(SignInSession.id != session_id, SignInSession.seen_at.desc())
    )
    return OwnDetails(
        name=person.name,
        email=person.email,
        pronouns=person.pronouns,
        zone=person.zone or "",
        calendar="feed" if person.takes_feed_since else "invitations",
        shows=person.calendar_shows,
        browsers=tuple(Browser(row.id, row.browser, row.started_at, row.seen_at, row.id == session_id) for row in rows),
    )


def wishes(db: Session, person_id: UUID) -> dict[str, str]:
    """How somebody wants their letters (kind: how); a kind that is not there comes as it comes."""
    rows = db.execute(select(Wish.kind, Wish.how).where(Wish.person_id == person_id))
    return {row.kind: row.how for row in rows}


def is_somebody(db: Session, person_id: UUID) -> bool:
    """Whether this is still anybody's id."""
    return db.scalar(select(Person.id).where(Person.id == person_id)) is not None


def groups_help(db: Session, person_id: UUID) -> tuple[GroupHelp, ...]:
    """For each group somebody belongs to: its tutors and its safeguarding lead. Nobody else's address is read."""
    groups = db.execute(
        select(Cohort.id, Cohort.name, Cohort.safeguarding_lead)
        .join(Membership, Membership.cohort_id == Cohort.id)
        .where(Membership.person_id == person_id, Membership.left_at.is_(None), Cohort.archived_at.is_(None))
        .order_by(Cohort.created_at.desc())
    ).all()
    tutors = db.execute(
        select(Membership.cohort_id, Person.name, Person.email)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.cohort_id.in_([group.id for group in groups]),
            Membership.role == "tutor",
            Membership.left_at.is_(None),
        )
        .order_by(Person.name)
    ).all()
    return tuple(
        GroupHelp(
            group.name,
            tuple((row.name, row.email) for row in tutors if row.cohort_id == group.id),
            group.safeguarding_lead,
        )
        for group in groups
    )


def kept(db: Session, form_id: UUID, browser: bytes, now: datetime) -> Kept | None:
    """Words kept for this very browser, while they are."""
    row = db.get(KeptForm, form_id)
    if row is None or now >= row.expires_at or not hmac.compare_digest(row.browser_digest, browser):
        return None
    return Kept(row.path, tuple((name, value) for name, value in row.fields))


@cache
def zones() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Time zones to choose from: (region, ((zone, what people call it), …)), without the old and technical ones."""
    names = sorted(available_timezones())
    return tuple(
        (region, tuple((name, _place(name)) for name in names if name.startswith(f"{region}/"))) for region in REGIONS
    )


@cache
def zone_names() -> frozenset[str]:
    return frozenset(name for _region, places in zones() for name, _label in places)


def _place(zone: str) -> str:
    """America/Argentina/Buenos_Aires -> Argentina, Buenos Aires"""
    return zone.partition("/")[2].replace("_", " ").replace("/", ", ")
