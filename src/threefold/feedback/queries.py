"""What waits for somebody: rounds to write about, reflections, feedback to open; and what has not come in yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from threefold.core import wishes
from threefold.core.feedback import Kind, asked_of, still_to_come
from threefold.core.roles import Role
from threefold.core.said import day, weekday
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held, Party, held_rounds
from threefold.store.rows import CohortRow, PracticeRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    Addendum,
    Answer,
    Focus,
    Membership,
    Person,
    Piece,
    metadata,
)

LATELY = timedelta(days=14)


@dataclass(frozen=True)
class Todo:
    """Something that waits for the person asking."""

    href: str
    title: str
    words: str


@dataclass(frozen=True)
class Mine:
    """A round the person asking took part in, as their own list of feedback shows it."""

    held: Held
    role: Role
    state: str


@dataclass(frozen=True)
class Missing:
    """A piece that has not come in yet."""

    held: Held
    author: Party
    kind: Kind
    days: int


@dataclass(frozen=True)
class Whom:
    """Somebody a tutor may want to ask, where a letter to them goes, and when each piece of theirs was asked for.

    `zone` is their own, or their cohort's. `takes`: whether they want to be asked by letter.
    """

    member: UUID
    person: UUID
    name: str
    email: str
    zone: str
    left: bool
    takes: bool
    asked: Mapping[tuple[UUID, int], tuple[datetime, ...]]


@dataclass(frozen=True)
class Unease:
    """A private note to the tutors about a piece of feedback."""

    held: Held
    author: Party | None
    words: str
    at: datetime


@dataclass(frozen=True)
class ToCome:
    """What tutors see of feedback under way in every cohort they teach."""

    missing: list[Missing]
    held_back: list[Held]
    notes: list[Unease]
    expected: int


@dataclass(frozen=True)
class Reader:
    """The counsellor a letter goes to."""

    person: UUID
    name: str
    email: str


def todo(db: Session, me: Me, now: datetime) -> list[Todo]:
    """What waits for the person asking from the last 14 days, latest round first."""
    found = []
    for held, member in _rounds_of(db, me, now, since=now - LATELY):
        party = held.party(member)
        if party is None or not held.shows(party, now):
            continue
        said = f"Round {held.number} on {day(held.starts_at, held.zone)}"
        about = held.counsellor.first
        if party.role is not Role.COUNSELLOR:
            if held.asks(party) and held.piece_of(member) is None:
                title = f"Tell {about} what you noticed" if party.role is Role.OBSERVER else f"Tell {about} how it was"
                found.append(Todo(held.path, title, f"{said}. About {_minutes(party.role)}"))
        elif held.release(now).is_open:
            if held.opened_at is None:
                found.append(Todo(held.path, "Read what people noticed", said))
        elif held.asks(party) and held.own is None:
            found.append(Todo(held.path, "Look back on your own round", f"{said}. About {_minutes(party.role)}"))
    return found


def mine(db: Session, me: Me, now: datetime) -> list[Mine]:
    """Every round the person asking took part in so far, the latest first."""
    return [
        Mine(held, party.role, _state(held, party, now))
        for held, member in _rounds_of(db, me, now)
        if (party := held.party(member)) and held.shows(party, now)
    ]


_triad, _practice, _cohort, _member, _seat = (
    metadata.tables[name] for name in ("triad", "practice_session", "cohort", "membership", "seat")
)
_here, _anywhere = split(TriadRow, PracticeRow), split(TriadRow, PracticeRow, CohortRow)
_TAUGHT = Prepared(
    select(_practice.c.cohort_id, *columns(TriadRow, PracticeRow))
    .select_from(_triad)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .where(
        _practice.c.cohort_id.in_(bindparam("cohorts", expanding=True)),
        _practice.c.starts_at <= bindparam("now"),
        _practice.c.starts_at > bindparam("since"),
        _practice.c.cancelled_at.is_(None),
    )
    .order_by(_practice.c.starts_at, _triad.c.number),
    lambda cohort, *cells: (*_here(*cells), cohort),
)


def to_come(db: Session, taught: Sequence[CohortRow], now: datetime) -> ToCome:
    """What has not come in from rounds of the last 14 days, and what waits for a tutor's look first."""
    cohorts = {cohort.id: cohort for cohort in taught}
    triads = _TAUGHT.all(db, cohorts=list(cohorts), now=now, since=now - LATELY)
    rounds = [
        held
        for held in held_rounds(db, [(triad, practice, cohorts[cohort]) for triad, practice, cohort in triads], now)
        if held.stands and held.has_begun(now)
    ]
    ended = [held for held in rounds if now >= held.clock.ends_at]
    expected = sum(len(held.reachable) + 1 for held in ended if held.is_on)
    missing = missing_of(ended, now)
    return ToCome(missing, [held for held in rounds if held.is_held_back], _notes(db, rounds), expected)


def missing_of(rounds: Sequence[Held], now: datetime) -> list[Missing]:
    """Whose words have not come in on these rounds, those among them that were held and are over."""
    found: list[Missing] = []
    for held in rounds:
        if not held.is_on or now < held.clock.ends_at:
            continue
        late = set(still_to_come(held.reachable, held.sent))
        found.extend(
            Missing(held, one, asked_of(one.role), (now - held.clock.ends_at).days)
            for one in held.people
            if str(one.member) in late or (one.role is Role.COUNSELLOR and held.own is None)
        )
    return found


def asked_in_words(missing: Missing) -> str:
    """What a letter calls the piece it asks for."""
    about = missing.held.counsellor.first
    return {
        Kind.OBSERVER: f"What you noticed in {about}’s round",
        Kind.CLIENT: f"How it was with {about}",
        Kind.SELF: "Your own round, looking back",
    }[missing.kind]


_person, _wish, _nudge = (metadata.tables[name] for name in ("person", "wish", "nudge"))
_WHOM = Prepared(
    select(
        _member.c.id,
        _person.c.id,
        _person.c.name,
        _person.c.email,
        func.coalesce(_person.c.zone, _cohort.c.zone),
        _member.c.left_at,
        _wish.c.how,
        _nudge.c.triad_id,
        _nudge.c.round,
        _nudge.c.at,
    )
    .select_from(_member)
    .join(_person, _person.c.id == _member.c.person_id)
    .join(_cohort, _cohort.c.id == _member.c.cohort_id)
    .outerjoin(_wish, and_(_wish.c.person_id == _person.c.id, _wish.c.kind == wishes.Kind.FEEDBACK_ASKED.value))
    .outerjoin(_nudge, _nudge.c.author_id == _member.c.id)
    .where(_member.c.id.in_(bindparam("members", expanding=True)))
    .order_by(_member.c.id, _nudge.c.at),
    lambda *cells: cells,
)


def whom(db: Session, missing: Sequence[Missing]) -> dict[UUID, Whom]:
    """Everybody these pieces are still to come from, by membership; one query however many."""
    if not missing:
        return {}
    asked: dict[UUID, dict[tuple[UUID, int], tuple[datetime, ...]]] = defaultdict(dict)
    found: dict[UUID, Whom] = {}
    rows = _WHOM.all(db, members=list(dict.fromkeys(one.author.member for one in missing)))
    for member, person, name, email, zone, left_at, wish, triad, number, at in rows:
        if at is not None:
            asked[member][triad, number] = (*asked[member].get((triad, number), ()), at)
        takes = wishes.how(wishes.Kind.FEEDBACK_ASKED, {wishes.Kind.FEEDBACK_ASKED: wish or ""}) is not wishes.How.OFF
        found[member] = Whom(member, person, name, email, zone, left_at is not None, takes, asked[member])
    return found


def taken_along(db: Session, held: Held) -> str:
    """What the counsellor took into this round from one before: chosen before the session began; "" for nothing."""
    found = db.scalar(
        select(Focus.words)
        .where(Focus.membership_id == held.counsellor.member, Focus.at < held.starts_at)
        .order_by(Focus.at.desc())
        .limit(1)
    )
    return found or ""


def focus_of(db: Session, held: Held) -> Focus | None:
    """What was taken along from this round."""
    return db.get(Focus, (held.triad_id, held.number))


def answers_to(db: Session, pieces: Sequence[UUID]) -> list[Answer]:
    if not pieces:
        return []
    return list(db.scalars(select(Answer).where(Answer.piece_id.in_(pieces)).order_by(Answer.at)))


def addenda_to(db: Session, pieces: Sequence[UUID]) -> list[Addendum]:
    if not pieces:
        return []
    return list(db.scalars(select(Addendum).where(Addendum.piece_id.in_(pieces)).order_by(Addendum.at, Addendum.id)))


def reader_of(db: Session, held: Held) -> Reader:
    """Where the letter about this round goes."""
    row = db.execute(
        select(Person.id, Person.name, Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.id == held.counsellor.member)
    ).one()
    return Reader(row.id, row.name, row.email)


def subject_of(held: Held) -> str:
    return f"Your feedback from {weekday(held.starts_at, held.zone)} is ready"


_SAT = Prepared(
    select(_member.c.id, *columns(TriadRow, PracticeRow, CohortRow))
    .select_from(_triad)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_member, _member.c.cohort_id == _cohort.c.id)
    .where(
        _member.c.person_id == bindparam("me"),
        _member.c.left_at.is_(None),
        _cohort.c.published_at.is_not(None),
        _practice.c.starts_at <= bindparam("now"),
        _practice.c.starts_at > bindparam("since"),
        _practice.c.cancelled_at.is_(None),
        or_(
            exists().where(
                _seat.c.triad_id == _triad.c.id,
                _seat.c.membership_id == _member.c.id,
                or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > _practice.c.starts_at),
            ),
            _triad.c.tutor_id == _member.c.id,
        ),
    )
    .order_by(_practice.c.starts_at),
    lambda member, *cells: (*_anywhere(*cells), member),
)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _rounds_of(db: Session, me: Me, now: datetime, since: datetime = LONG_AGO) -> list[tuple[Held, UUID]]:
    """Rounds the person sits in or observes as tutor, with their membership there; the latest first."""
    rows = _SAT.all(db, me=me.id, now=now, since=since)
    members = {triad.id: member for triad, _, _, member in rows}
    rounds = held_rounds(db, [(triad, practice, cohort) for triad, practice, cohort, _ in rows], now)
    return [(held, members[held.triad_id]) for held in reversed(rounds)]


def _state(held: Held, party: Party, now: datetime) -> str:
    if party.role is not Role.COUNSELLOR:
        return "sent" if held.piece_of(party.member) else "to write"
    if held.opened_at is not None:
        return "read"
    if held.release(now).is_open:
        return "ready"
    return "waiting" if held.own else "to reflect"


def _minutes(role: Role) -> str:
    return "1 minute" if role is Role.CLIENT else "3 minutes"


def _notes(db: Session, rounds: Sequence[Held]) -> list[Unease]:
    pieces = {piece.id: (held, held.party(piece.author)) for held in rounds for piece in held.pieces}
    if not pieces:
        return []
    rows = db.scalars(
        select(Answer)
        .join(Piece, Piece.id == Answer.piece_id)
        .where(Answer.piece_id.in_(list(pieces)), Answer.kind == "unease")
        .order_by(Answer.at.desc())
    )
    return [Unease(*pieces[row.piece_id], row.words, row.at) for row in rows]
