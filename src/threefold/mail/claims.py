"""Which letters may leave now, and whose they are meanwhile: claimed in lanes with a lease, let go with an outcome.

Writers of all processes run one after the other (see store): what one claims, no other has read as free.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session

from threefold.mail.outbox import OVERTAKEN
from threefold.store.prepared import Prepared, PreparedChange
from threefold.store.tables import metadata

LEASE = timedelta(minutes=5)  # what is begun ends well within it: see carriers.LETTER_SECONDS
LANES_AT_ONCE = 8
MOST_IN_LANE = 50
LOOK_AT = 40  # due letters whose lanes are looked up
SECRET_KINDS = frozenset({"sign-in"})  # emptied once they have left or been given up: their words open a door
LATE_AFTER = timedelta(minutes=10)
LATELY = timedelta(days=14)
TOO_LATE = "stopped: it came too late to be of use"
NOTHING: Mapping[str, object] = {}
EMPTY: Mapping[str, object] = {"message": b"", "subject": ""}


@dataclass(frozen=True)
class Claimed:
    """A letter this courier holds for the length of its lease."""

    id: UUID
    lane: str
    kind: str
    person_id: UUID
    recipient: str
    message: bytes
    tries: int
    due_at: datetime
    expires_at: datetime | None
    lease_until: datetime | None


Run = deque[Claimed]  # letters of one lane, to be carried one after the other by one carrier


def any_due(db: Session, now: datetime) -> bool:
    """Whether a claim would find something."""
    return bool(_LANES.all(db, now=now))


def claim(db: Session, name: str, now: datetime, *, only_one: bool) -> tuple[list[Run], int]:
    """Lease what is due to the courier of this name, whole lanes of it; and how many came too late, and stay here."""
    runs, late = [], []
    most_lanes, most = (1, 1) if only_one else (LANES_AT_ONCE, MOST_IN_LANE)
    lanes = list(dict.fromkeys(_LANES.all(db, now=now)))[:most_lanes]
    for _, lane in groupby(_IN_LANES.all(db, lanes=lanes) if lanes else (), key=attrgetter("lane")):
        due, expired = _first_of(lane, now)
        runs.append(deque(replace(letter, lease_until=now + LEASE) for letter in due[:most]))
        late += [{"which": letter.id, "stopped_at": now, "trouble": TOO_LATE, **EMPTY} for letter in expired]
    lease = {"lease_until": now + LEASE, "leased_by": name}
    _LETTER.run_each(db, [{"which": letter.id, **lease} for run in runs for letter in run])
    _LETTER.run_each(db, late)
    runs.sort(key=lambda run: lanes.index(run[0].lane) if run else 0)  # the newest first, as they were looked up
    return [run for run in runs if run], len(late)


def settle(db: Session, letter: Claimed, name: str, became: Mapping[str, object]) -> None:
    """Let go of a letter with what came of it, if it still is this courier's."""
    _OURS.run(db, which=letter.id, whose=name, lease_until=None, leased_by=None, **became)


def hold_back(db: Session, letter: Claimed, name: str, until: datetime) -> None:
    """Whoever waits behind it in its lane waits as long: so that looking for due letters does not meet them."""
    _BEHIND.run(
        db, ahead=letter.id, along=letter.lane, whose=name, until=until, due_at=until, lease_until=None, leased_by=None
    )


def unreachable(db: Session, letter: Claimed, now: datetime) -> None:
    """Note that the address takes no letter, unless it has been put right meanwhile or was noted before."""
    _PERSON.run(db, whom=letter.person_id, address=letter.recipient, unreachable_since=now)


def stuck(db: Session, now: datetime) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(why, how many): letters that should have left by now or are tried again, and those given up of late."""
    counted = select(_letter.c.trouble, func.count()).group_by(_letter.c.trouble).order_by(func.count().desc())
    late = or_(_letter.c.due_at < now - LATE_AFTER, _letter.c.tries > 0)
    given_up = (_letter.c.sent_at.is_(None), _letter.c.stopped_at > now - LATELY, _letter.c.trouble != OVERTAKEN)

    def found(*which: ColumnElement[bool]) -> list[tuple[str, int]]:
        return [(trouble.partition(": ")[2], many) for trouble, many in db.execute(counted.where(*which))]

    return found(*_WAITING, late), found(*given_up)


def emptied(letter: Claimed) -> Mapping[str, object]:
    return EMPTY if letter.kind in SECRET_KINDS else NOTHING


def _first_of(lane: Iterable[Claimed], now: datetime) -> tuple[list[Claimed], list[Claimed]]:
    """Letters of a lane that may leave one after the other now, and those that nobody needs any more.

    Whatever is with another courier, or to be tried again later, holds back those behind it; a letter whose time is
    still to come does not.
    """
    due, late = [], []
    for letter in lane:
        if letter.lease_until and letter.lease_until > now:
            break
        if letter.due_at > now:
            if letter.tries:
                break
        elif letter.expires_at and letter.expires_at <= now:
            late.append(letter)
        else:
            due.append(letter)
    return due, late


_letter, _person = metadata.tables["letter"], metadata.tables["person"]
_WAITING = (_letter.c.sent_at.is_(None), _letter.c.stopped_at.is_(None))
_LETTER = PreparedChange(update(_letter).where(_letter.c.id == bindparam("which")))
_OURS = PreparedChange(
    update(_letter).where(_letter.c.id == bindparam("which"), _letter.c.leased_by == bindparam("whose"))
)
_BEHIND = PreparedChange(
    update(_letter).where(
        _letter.c.lane == bindparam("along"),
        _letter.c.id > bindparam("ahead"),
        _letter.c.due_at < bindparam("until"),
        or_(_letter.c.lease_until.is_(None), _letter.c.leased_by == bindparam("whose")),
        *_WAITING,
    )
)
_PERSON = PreparedChange(
    update(_person).where(
        _person.c.id == bindparam("whom"),
        _person.c.email == bindparam("address"),  # it may have been put right meanwhile
        _person.c.unreachable_since.is_(None),
    )
)


def _lanes_due() -> Select[str]:
    """The lanes of letters to look after now: due, with nobody, and behind none that holds them back.

    The newest come first: where thousands wait, nobody waits for them but whoever is signing in. Lanes are claimed
    whole, and put off whole, so that the end of the index of waiting letters holds few that are held back: looking
    costs the same however many letters wait.
    """
    now, before = bindparam("now", type_=_letter.c.due_at.type), _letter.alias()
    held_back = exists().where(
        before.c.lane == _letter.c.lane,
        before.c.id < _letter.c.id,
        before.c.sent_at.is_(None),
        before.c.stopped_at.is_(None),
        or_(before.c.lease_until > now, and_(before.c.tries > 0, before.c.due_at > now)),
    )
    return (
        select(_letter.c.lane)
        .where(
            *_WAITING,
            _letter.c.due_at <= now,
            or_(_letter.c.lease_until.is_(None), _letter.c.lease_until <= now),
            ~held_back,
        )
        .order_by(_letter.c.due_at.desc())
        .limit(LOOK_AT)
    )


_LANES = Prepared(_lanes_due(), str)
_IN_LANES = Prepared(
    select(*(_letter.c[field.name] for field in fields(Claimed)))
    .where(_letter.c.lane.in_(bindparam("lanes", expanding=True)), *_WAITING)
    .order_by(_letter.c.lane, _letter.c.id),
    Claimed,
)
