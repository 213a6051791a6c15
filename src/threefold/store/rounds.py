"""Rounds that have been held, with everybody's words on them; the ground that pages of feedback stand on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from threefold.core import feedback as rules
from threefold.core.competency import Competency, Framework
from threefold.core.feedback import CLIENT_QUESTIONS, Kind, Rating, Release
from threefold.core.guests import guest_seen
from threefold.core.names import short_names
from threefold.core.roles import Role, RoleLabels
from threefold.core.sampling import Looking, asked_for
from threefold.core.slots import Round, round_times
from threefold.store.frameworks import framework_for
from threefold.store.guests import COMES
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, PracticeRow, TriadRow
from threefold.store.tables import metadata
from threefold.store.within import InTriad, NotYours

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Party:
    """Somebody in a round. `away`: they said beforehand that they can't make it, or had left the group by then, and
    nothing is asked of them. `is_tutor`: a tutor who observes, asked to where a pair has nobody else; any other tutor
    of the cohort may drop in and write, and then `visits`. `is_guest`: a client from outside, who has no membership and
    answers the four questions on a page of their own; `member` is then the guest's own id.

    `first`: what they are called here; more than the first name where two in the round share it.
    """

    member: UUID
    name: str
    first: str
    role: Role
    away: bool = False
    is_tutor: bool = False
    visits: bool = False
    is_guest: bool = False


@dataclass(frozen=True)
class Sent:
    """One person's piece as it was sent; `skipped_at` if the counsellor chose not to reflect."""

    id: UUID
    author: UUID
    kind: Kind
    words: Mapping[str, str]
    ratings: tuple[Rating, ...]
    sent_at: datetime
    changed_at: datetime | None = None
    skipped_at: datetime | None = None
    flagged: int = 0


@dataclass(frozen=True)
class Held:
    """A round: its people, its time, and the pieces that have come in."""

    triad_id: UUID
    cohort_id: UUID
    cohort: str
    zone: str
    labels: RoleLabels
    looking: Looking
    practice_id: UUID
    practice_number: int
    starts_at: datetime  # of the practice session
    clock: Round
    people: tuple[Party, ...]
    pieces: tuple[Sent, ...]
    opened_at: datetime | None
    cleared_at: datetime | None
    turn: int  # how many rounds the counsellor has counselled this term with this one
    focus: str | None  # the competency of what they took along from the round before, if they named one

    @property
    def number(self) -> int:
        return self.clock.number

    @property
    def path(self) -> str:
        return f"/feedback/{self.triad_id}/{self.number}"

    @property
    def letter(self) -> str:
        """What makes the letter about this round unique: one a session for each counsellor."""
        return f"feedback-ready:{self.counsellor.member}:{self.practice_id}"

    @property
    def counsellor(self) -> Party:
        return next(one for one in self.people if one.role is Role.COUNSELLOR)

    @property
    def client(self) -> Party | None:
        return next((one for one in self.people if one.role is Role.CLIENT), None)

    @property
    def observers(self) -> tuple[Party, ...]:
        return tuple(one for one in self.people if one.role is Role.OBSERVER)

    @property
    def is_on(self) -> bool:
        """A round without its counsellor is not held, and nobody is asked about it."""
        return not self.counsellor.away

    @property
    def asked(self) -> tuple[str, ...]:
        """Which competencies this round is looked at for."""
        return asked_for(self.looking.codes, self.turn, self.focus)

    @property
    def expected(self) -> tuple[str, ...]:
        """Who is asked for a piece beside the counsellor."""
        return tuple(
            str(one.member)
            for one in self.people
            if one.role is not Role.COUNSELLOR and not one.away and not one.visits
        )

    @property
    def reachable(self) -> tuple[str, ...]:
        """Who of them can be asked again: a guest has their own page, and is left in peace."""
        guests = {str(one.member) for one in self.people if one.is_guest}
        return tuple(one for one in self.expected if one not in guests)

    @property
    def sent(self) -> dict[str, datetime]:
        return {str(piece.author): piece.sent_at for piece in self.pieces if piece.kind is not Kind.SELF}

    @property
    def own(self) -> Sent | None:
        """The counsellor's reflection or skip."""
        return next((piece for piece in self.pieces if piece.kind is Kind.SELF), None)

    def party(self, member: UUID) -> Party | None:
        return next((one for one in self.people if one.member == member), None)

    def piece_of(self, member: UUID) -> Sent | None:
        return next((piece for piece in self.pieces if piece.author == member), None)

    def has_begun(self, now: datetime) -> bool:
        return rules.begun(self.clock.starts_at, now)

    def release(self, now: datetime) -> Release:
        """Whether the words are open. A harm cue that came after everything had opened holds nothing back."""
        plain = self._release(now)
        flagged = any(
            piece.flagged and (plain.opened_at is None or piece.sent_at <= plain.opened_at) for piece in self.pieces
        )
        found = self._release(now, flagged=True) if flagged else plain
        if self.opened_at is not None and not found.is_open:
            return Release(self.opened_at, self.opened_at)  # what has been read cannot be closed again
        return found

    def _release(self, now: datetime, *, flagged: bool = False) -> Release:
        return rules.release(
            ended_at=self.clock.ends_at,
            now=now,
            reflected_at=self.own.sent_at if self.own else None,
            expected=self.expected,
            sent=self.sent,
            flagged=flagged,
            cleared_at=self.looked_at,
        )

    @property
    def looked_at(self) -> datetime | None:
        """When a tutor looked at what got in the way; None again when a cue has come in or been added since."""
        last = max((piece.changed_at or piece.sent_at for piece in self.pieces if piece.flagged), default=None)
        return self.cleared_at if last is None or (self.cleared_at and self.cleared_at >= last) else None

    @property
    def is_held_back(self) -> bool:
        """Whether something got in the way that no tutor has looked at yet."""
        return self.looked_at is None and any(piece.flagged for piece in self.pieces)

    def told_at_latest(self, now: datetime) -> datetime | None:
        """By when the counsellor is told that it opens; None where there is nothing to be told."""
        own = self.own.sent_at if self.own else None
        return rules.told_at_latest(ended_at=self.clock.ends_at, now=now, reflected_at=own)

    @property
    def will_open_at(self) -> datetime | None:
        """When the words open if nothing more comes in; None before the counsellor has reflected or skipped."""
        return self.release(END_OF_TIME).opened_at if self.own else None


# Prepared: these run with every page and form of feedback.
(
    _turn, _seat, _membership, _person, _withdrawal, _practice, _opening, _clearance, _piece, _rating, _focus, _guest,
    _encounter,
) = (
    metadata.tables[name]
    for name in (
        "turn", "seat", "membership", "person", "withdrawal", "practice_session", "opening", "clearance", "piece",
        "rating", "focus", "guest", "encounter",
    )
)  # fmt: skip
_visitor = _person.alias("visitor")


@dataclass(frozen=True, slots=True)
class _Seated:
    """Somebody in a round, as the tables have it, with when the round was opened and looked at."""

    triad: UUID
    round: int
    role: str
    member: UUID
    name: str
    given_up_at: datetime | None  # before the session; given up later, its rounds stay as they were
    away_at: datetime | None
    back_at: datetime | None
    opened_at: datetime | None
    cleared_at: datetime | None
    rounds: int  # how many the triad has
    turn: int | None  # of a counsellor: how many rounds they had counselled before in this cohort
    focus: str | None  # of a counsellor: the competency of what they took along
    encounter: UUID | None  # of a counsellor: a guest who is their client, with what it was like for them
    guest: UUID | None
    guest_name: str | None
    felt: Mapping[str, int | None] | None
    felt_at: datetime | None

    @property
    def is_away(self) -> bool:
        return self.given_up_at is not None or (self.away_at is not None and self.back_at is None)


_other = _turn.alias()
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
_PEOPLE = Prepared(
    select(
        _turn.c.triad_id,
        _turn.c.round,
        _turn.c.role,
        _seat.c.membership_id,
        _person.c.name,
        case((_seat.c.given_up_at <= _practice.c.starts_at, _seat.c.given_up_at)),
        _withdrawal.c.at,
        _withdrawal.c.taken_back_at,
        _opening.c.at,
        _clearance.c.at,
        select(func.max(_other.c.round)).where(_other.c.triad_id == _turn.c.triad_id).scalar_subquery(),
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
    _Seated,
)
_SENT = (
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
_PIECES = Prepared(
    select(*_SENT, *_RATED)
    .select_from(_piece)
    .outerjoin(_rating, _rating.c.piece_id == _piece.c.id)
    .where(
        _piece.c.triad_id.in_(bindparam("triads", expanding=True)),
        _piece.c.round.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_piece.c.sent_at, _piece.c.id),
    lambda *cells: (cells[: len(_SENT)], cells[len(_SENT) :]),
)
_TUTORS = Prepared(
    select(_membership.c.id, _person.c.name)
    .select_from(_membership)
    .join(_person, _person.c.id == _membership.c.person_id)
    .where(_membership.c.id.in_(bindparam("members", expanding=True)), _membership.c.role == "tutor"),
    lambda member, name: (member, name),
)
MOST_ROUNDS = 99


def of_round(db: Session, within: InTriad, number: int) -> Held:
    """A round of the triad somebody has reached through `web.access`. Raises NotYours if it has no such round."""
    if not 1 <= number <= MOST_ROUNDS:
        raise NotYours
    found = held_rounds(db, [(within.triad, within.practice, within.cohort)], only=number)
    if not found:
        raise NotYours
    return found[0]


def held_rounds(
    db: Session, triads: Sequence[tuple[TriadRow, PracticeRow, CohortRow]], *, only: int | None = None
) -> list[Held]:
    """Every round of these triads in order, or the one with that number in each.

    Two queries however many there are, a third if tutors observe.
    """
    if not triads:
        return []
    ids = [triad.id for triad, _, _ in triads]
    seated: dict[tuple[UUID, int], list[_Seated]] = defaultdict(list)
    how_many: dict[UUID, int] = {}
    for row in _PEOPLE.all(db, triads=ids, first=only or 1, last=only or MOST_ROUNDS):
        seated[row.triad, row.round].append(row)
        how_many[row.triad] = row.rounds
    pieces = _pieces(db, ids, only)
    tutors = _tutors(db, [triad for triad, _, _ in triads], seated, pieces)
    found = []
    for triad, practice, cohort in triads:
        labels, looking = cohort.role_labels, cohort.looking_at(practice.starts_at)
        for clock in round_times(practice.starts_at, practice.shape_in(cohort), how_many.get(triad.id)):
            here = (triad.id, clock.number)
            if only not in {None, clock.number}:
                continue
            counsellor = next((one for one in seated[here] if one.role == Role.COUNSELLOR), None)
            if counsellor is None:
                continue
            found.append(
                Held(
                    triad_id=triad.id,
                    cohort_id=cohort.id,
                    cohort=cohort.name,
                    zone=cohort.zone,
                    labels=labels,
                    looking=looking,
                    practice_id=practice.id,
                    practice_number=practice.number,
                    starts_at=practice.starts_at,
                    clock=clock,
                    people=(*_people(triad, seated[here], pieces[here], tutors), *_visiting(counsellor)),
                    pieces=(*pieces[here], *_felt(counsellor)),
                    opened_at=counsellor.opened_at,
                    cleared_at=counsellor.cleared_at,
                    turn=(counsellor.turn or 0) + 1,
                    focus=counsellor.focus,
                )
            )
    return found


def _people(
    triad: TriadRow, seated: Sequence[_Seated], pieces: Sequence[Sent], tutors: Mapping[UUID, str]
) -> tuple[Party, ...]:
    """Who sits in the round, then the tutor who observes a pair, then tutors who dropped in and wrote."""
    beside = [triad.tutor_id] if triad.tutor_id in tutors else []
    beside += [piece.author for piece in pieces if piece.author in tutors and piece.author != triad.tutor_id]
    names = {one.member: one.name for one in seated} | {member: tutors[member] for member in beside if member}
    called = short_names(names)
    return (
        *(Party(one.member, one.name, called[one.member], Role(one.role), away=one.is_away) for one in seated),
        *(
            Party(member, names[member], called[member], Role.OBSERVER, is_tutor=True, visits=member != triad.tutor_id)
            for member in beside
            if member
        ),
    )


def _visiting(counsellor: _Seated) -> tuple[Party, ...]:
    """A guest who is the client, by their first name alone."""
    if counsellor.guest is None:
        return ()
    called = guest_seen(counsellor.guest_name or "")
    return (Party(counsellor.guest, called, called, Role.CLIENT, is_guest=True),)


def _felt(counsellor: _Seated) -> tuple[Sent, ...]:
    """A guest's four answers as a client's piece, to be released with the others'."""
    if counsellor.encounter is None or counsellor.guest is None or counsellor.felt_at is None:
        return ()
    felt = counsellor.felt or {}
    ratings = tuple(Rating(each.code, felt.get(each.code)) for each in CLIENT_QUESTIONS)
    return (Sent(counsellor.encounter, counsellor.guest, Kind.CLIENT, {}, ratings, counsellor.felt_at),)


def _tutors(
    db: Session,
    triads: Sequence[TriadRow],
    seated: Mapping[tuple[UUID, int], Sequence[_Seated]],
    pieces: Mapping[tuple[UUID, int], Sequence[Sent]],
) -> dict[UUID, str]:
    """The tutors who observe these rounds: those asked to, and those who wrote without having a seat."""
    sitting = {one.member for people in seated.values() for one in people}
    wrote = {piece.author for sent in pieces.values() for piece in sent}
    asked = {triad.tutor_id for triad in triads if triad.tutor_id}
    found = sorted((wrote - sitting) | asked)
    return dict(_TUTORS.all(db, members=found)) if found else {}


def looked_for(db: Session, held: Held) -> tuple[Framework, tuple[Competency, ...]]:
    """The term's framework and the competencies this round is looked at for, as it words them."""
    framework = framework_for(db, *held.looking.framework)
    if framework is None:
        raise NotYours
    return framework, tuple(one for code in held.asked if (one := framework.of(code)) is not None)


def _pieces(db: Session, triads: list[UUID], only: int | None) -> dict[tuple[UUID, int], list[Sent]]:
    found: dict[tuple[UUID, int], list[Sent]] = defaultdict(list)
    rows = _PIECES.all(db, triads=triads, first=only or 1, last=only or MOST_ROUNDS)
    for (triad, number, id_, author, kind, words, *when), together in groupby(rows, key=itemgetter(0)):
        ratings = tuple(
            Rating(code, level, tuple(moments), tuple(cues), said)
            for _, (code, level, moments, cues, said) in together
            if code is not None
        )
        found[triad, number].append(Sent(id_, author, Kind(kind), words, ratings, *when))
    return found
