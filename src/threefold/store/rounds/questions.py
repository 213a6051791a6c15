"""What is asked of the database about rounds: who sat in them, what they said, and what was noted and pressed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, case, cast, func, literal, null, or_, select, union, union_all

from threefold.core.roles import Role
from threefold.store.guests import COMES
from threefold.store.happened import PRESSED
from threefold.store.prepared import Prepared
from threefold.store.tables import metadata

# Prepared: these run with every page and form of feedback.
(
    _turn, _seat, _membership, _person, _withdrawal, _practice, _opening, _clearance, _piece, _rating, _focus, _guest,
    _encounter, _triad, _happening, _press,
) = (
    metadata.tables[name]
    for name in (
        "turn", "seat", "membership", "person", "withdrawal", "practice_session", "opening", "clearance", "piece",
        "rating", "focus", "guest", "encounter", "triad", "happening", "clock_press",
    )
)  # fmt: skip
_visitor = _person.alias("visitor")


@dataclass(frozen=True, slots=True)
class Seated:
    """Somebody in a round, as the tables have it, with when the round was opened and looked at."""

    triad: UUID
    round: int
    role: str
    member: UUID
    name: str
    taken_at: datetime
    given_up_at: datetime | None  # given up later than the round, it stays as it was
    away_at: datetime | None
    back_at: datetime | None
    opened_at: datetime | None
    cleared_at: datetime | None
    rounds: int  # how many the triad has
    sitting: int  # how many people
    turn: int | None  # of a counsellor: how many rounds they had counselled before in this cohort
    focus: str | None  # of a counsellor: the competency of what they took along
    encounter: UUID | None  # of a counsellor: a guest who is their client, with what it was like for them
    guest: UUID | None
    guest_name: str | None
    felt: Mapping[str, int | None] | None
    felt_at: datetime | None

    @property
    def withdrawn(self) -> bool:
        """Whether they said that they can't make it, and that still holds."""
        return self.away_at is not None and self.back_at is None


_other, _beside = _turn.alias(), _seat.alias("beside")
_then, _seated_then, _away_then, _met = (
    _turn.alias("then"),
    _seat.alias("seated_then"),
    _withdrawal.alias("away_then"),
    _practice.alias("met"),
)
_counsels = _turn.c.role == Role.COUNSELLOR.value
_BEFORE = (
    select(func.count())
    .select_from(_seated_then)
    .join(_then, and_(_then.c.triad_id == _seated_then.c.triad_id, _then.c.seat_id == _seated_then.c.id))
    .join(_met, _met.c.id == _seated_then.c.practice_id)
    .outerjoin(_away_then, _away_then.c.seat_id == _seated_then.c.id)
    .where(
        _seated_then.c.membership_id == _seat.c.membership_id,
        _seated_then.c.given_up_at.is_(None),
        _then.c.role == Role.COUNSELLOR.value,
        _met.c.starts_at < _practice.c.starts_at,
        _met.c.cancelled_at.is_(None),
        or_(_away_then.c.at.is_(None), _away_then.c.taken_back_at.is_not(None)),
    )
    .correlate(_seat, _practice)
    .scalar_subquery()
)
_TAKEN_ALONG = (
    select(_focus.c.code)
    .where(_focus.c.membership_id == _seat.c.membership_id, _focus.c.at < _practice.c.starts_at)
    .order_by(_focus.c.at.desc())
    .limit(1)
    .correlate(_seat, _practice)
    .scalar_subquery()
)
_SITTING = (
    select(func.count())
    .select_from(_beside)
    .where(
        _beside.c.triad_id == _turn.c.triad_id,
        or_(_beside.c.given_up_at.is_(None), _beside.c.given_up_at > _practice.c.starts_at),
    )
    .correlate(_turn, _practice)
    .scalar_subquery()
)
PEOPLE = Prepared(
    select(
        _turn.c.triad_id,
        _turn.c.round,
        _turn.c.role,
        _seat.c.membership_id,
        _person.c.name,
        _seat.c.taken_at,
        _seat.c.given_up_at,
        _withdrawal.c.at,
        _withdrawal.c.taken_back_at,
        _opening.c.at,
        _clearance.c.at,
        select(func.max(_other.c.round)).where(_other.c.triad_id == _turn.c.triad_id).scalar_subquery(),
        _SITTING,
        case((_counsels, _BEFORE)),
        case((_counsels, _TAKEN_ALONG)),
        _encounter.c.id,
        _encounter.c.guest_id,
        _visitor.c.name,
        _encounter.c.felt,
        _encounter.c.felt_at,
    )
    .select_from(_turn)
    .join(_seat, _seat.c.id == _turn.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_membership, _membership.c.id == _seat.c.membership_id)
    .join(_person, _person.c.id == _membership.c.person_id)
    .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
    .outerjoin(_opening, and_(_opening.c.triad_id == _turn.c.triad_id, _opening.c.round == _turn.c.round))
    .outerjoin(_clearance, and_(_clearance.c.triad_id == _turn.c.triad_id, _clearance.c.round == _turn.c.round))
    .outerjoin(
        _encounter,
        and_(_counsels, _encounter.c.triad_id == _turn.c.triad_id, _encounter.c.round == _turn.c.round, COMES),
    )
    .outerjoin(_guest, _guest.c.id == _encounter.c.guest_id)
    .outerjoin(_visitor, _visitor.c.id == _guest.c.person_id)
    .where(
        _turn.c.triad_id.in_(bindparam("triads", expanding=True)),
        _turn.c.round.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_turn.c.triad_id, _turn.c.round, _seat.c.position),
    Seated,
)
SENT = (
    _piece.c.triad_id,
    _piece.c.round,
    _piece.c.id,
    _piece.c.author_id,
    _piece.c.kind,
    _piece.c.words,
    _piece.c.sent_at,
    _piece.c.changed_at,
    _piece.c.skipped_at,
    _piece.c.flagged,
)
_RATED = (_rating.c.code, _rating.c.level, _rating.c.moments, _rating.c.cues, _rating.c.what_was_said)
_THEIR_TRIADS = _triad.c.id.in_(bindparam("triads", expanding=True))
_THEIR_SESSIONS = select(_triad.c.practice_id).where(_THEIR_TRIADS)
TUTOR = "tutor"
# What was said, and with it what was noted and pressed in these sessions and which tutors observe, in the same columns:
# one question, since pages of feedback ask many already. What was noted or pressed names its session.
SAID = Prepared(
    union_all(
        select(*SENT, *_RATED, cast(null(), Uuid).label("practice_id"), cast(null(), Uuid).label("replaces"))
        .select_from(_piece)
        .outerjoin(_rating, _rating.c.piece_id == _piece.c.id)
        .where(
            _piece.c.triad_id.in_(bindparam("triads", expanding=True)),
            _piece.c.round.between(bindparam("first"), bindparam("last")),
        ),
        select(
            *(_happening.c.triad_id, _happening.c.round, _happening.c.id, _happening.c.membership_id),
            *(_happening.c.kind, null(), _happening.c.from_at, _happening.c.until_at, _happening.c.recorded_at),
            *(literal(0), _happening.c.value, null(), null(), null(), _happening.c.how),
            *(_happening.c.practice_id, _happening.c.replaces),
        ).where(_happening.c.practice_id.in_(_THEIR_SESSIONS), _happening.c.kind.in_(("here", "role"))),
        select(
            *(_press.c.triad_id, _press.c.seconds, _press.c.id, null()),
            *(literal(PRESSED), null(), _press.c.at, null(), _press.c.at),
            *(literal(0), _press.c.what, null(), null(), null(), literal(PRESSED)),
            *(_press.c.practice_id, null()),
        ).where(_press.c.practice_id.in_(_THEIR_SESSIONS)),
        select(
            *(null(), null(), _membership.c.id, _membership.c.id, literal(TUTOR), null(), null(), null(), null()),
            *(literal(0), null(), null(), null(), null(), _person.c.name, null(), null()),
        )
        .select_from(_membership)
        .join(_person, _person.c.id == _membership.c.person_id)
        .where(
            _membership.c.id.in_(
                union(
                    select(_triad.c.tutor_id).where(_THEIR_TRIADS, _triad.c.tutor_id.is_not(None)),
                    select(_piece.c.author_id).where(
                        _piece.c.triad_id.in_(bindparam("triads", expanding=True)),
                        _piece.c.round.between(bindparam("first"), bindparam("last")),
                    ),
                )
            ),
            _membership.c.role == TUTOR,
        ),
    ).order_by("sent_at", "id"),
    lambda *cells: cells,
)
