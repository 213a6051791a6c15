"""What the day's pages show: who is here, the groups and their rounds, what there is to choose from, the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from threefold.core import arriving
from threefold.core import happened as rules
from threefold.core.choices import Kind as ChoiceKind
from threefold.core.grouping import Group
from threefold.core.happened import Account, Fact, Kind, Mode, Presence, Scope
from threefold.core.names import short_names
from threefold.core.roles import Role, Turning
from threefold.core.slots import rounds_for
from threefold.day.calls import Call, groups_of
from threefold.day.regrouping import Question, Standing, mark_of
from threefold.matching import CourseProblem, Remainder
from threefold.store.happened import HeldSession, SeatHeld, held_session, noted_of, seats_in
from threefold.store.ledger import of_sessions
from threefold.store.rows import PracticeRow, columns, split
from threefold.store.tables import (
    KeepApart,
    Membership,
    Person,
    PlanVersion,
    PracticeSession,
    Preference,
    Triad,
)
from threefold.store.within import AtPractice


@dataclass(frozen=True)
class Someone:
    """Somebody of the cohort. `name` in full, `first` as they are called among the others."""

    member: UUID
    person_id: UUID
    name: str
    first: str
    is_tutor: bool
    left: bool
    rests: bool  # would rather not be client today; for tutors


@dataclass(frozen=True)
class Tile:
    """One person in the register."""

    who: Someone
    is_here: bool
    since: datetime | None  # when the stretch they are in began
    late: int
    goes_at: datetime | None  # when they leave, where that is known beforehand
    left_at: datetime | None
    marked_at: datetime | None  # when they were noted as away
    wrote_at: datetime | None  # when they said that they can't make it
    seated: bool

    @property
    def is_away(self) -> bool:
        """Known to be away, rather than not here yet."""
        return not self.is_here and any((self.left_at, self.marked_at, self.wrote_at))


@dataclass(frozen=True)
class Line:
    """Somebody in a group: what they are in each of its rounds, None where they sit one out."""

    who: Someone
    is_here: bool
    roles: tuple[Role | None, ...]


@dataclass(frozen=True)
class Room:
    """A group as the board, the wall and the cards show it."""

    triad: UUID
    number: int
    room: str
    tutor: str
    lines: tuple[Line, ...]
    now: int | None  # the round that runs, or comes next

    @property
    def called(self) -> str:
        return self.room or f"Group {self.number}"

    @property
    def rounds(self) -> int:
        return max((len(line.roles) for line in self.lines), default=0)


@dataclass(frozen=True)
class Said:
    """A line of “Since the start”. `undo`: the version of the groups that can be taken back."""

    at: datetime
    who: str
    words: str
    undo: UUID | None = None


@dataclass(frozen=True)
class Day:
    """A session on its day, as loaded once; everything shown follows from it."""

    at: AtPractice
    people: tuple[Someone, ...]
    held: HeldSession
    triads: Mapping[UUID, tuple[int, str, UUID | None]]
    pin_since: datetime | None
    versions: tuple[tuple[UUID, datetime, str, bool, frozenset[UUID]], ...]
    now: datetime
    calls: tuple[Call, ...] = ()

    @property
    def facts(self) -> Sequence[Fact]:
        return self.held.happened.facts

    @cached_property
    def by_member(self) -> Mapping[UUID, Someone]:
        return {one.member: one for one in self.people}

    @property
    def has_begun(self) -> bool:
        return self.now >= self.at.practice.starts_at

    @property
    def is_over(self) -> bool:
        return self.now >= self.at.practice.ends_at

    @property
    def is_open(self) -> bool:
        """Whether the register can be taken now."""
        begins = self.at.practice.starts_at
        return self.at.practice.cancelled_at is None and not self.is_over and self.now >= begins - arriving.OPENS * 48

    @cached_property
    def tiles(self) -> list[Tile]:
        """Everybody who is expected, and whoever came beside them; by name."""
        seats = {seat.member: seat for seat in self.held.seats if seat.given_up_at is None}
        given_up = {seat.member for seat in self.held.seats if seat.given_up_at is not None}
        ticked = {fact.scope.member for fact in self.facts if fact.scope.kind is Kind.HERE}
        everybody = self.at.practice.window_id is None
        found = []
        for one in self.people:
            mine = one.member in seats or one.member in given_up or one.member in ticked
            if one.is_tutor or (one.left and not mine) or not (mine or everybody):
                continue
            found.append(self._tile(one, seats.get(one.member)))
        return found

    def _tile(self, one: Someone, seat: SeatHeld | None) -> Tile:
        scope = Scope(Kind.HERE, one.member)
        mine = [fact for fact in self.facts if fact.scope == scope]
        here = rules.covering(mine, scope, rules.minute(min(self.now, self.at.practice.ends_at)))
        tips = rules.tips(mine)
        last = tips[-1] if tips else None
        spans = self.held.happened.here(one.member, self.now) if mine else ()
        return Tile(
            who=one,
            is_here=here is not None,
            since=here.from_at if here else None,
            late=rules.minutes([rules.Span(self.at.practice.starts_at, spans[0].from_at)])
            if spans and spans[0].from_at > self.at.practice.starts_at
            else 0,
            goes_at=here.until_at if here else None,
            left_at=last.until_at if last and not here and not last.is_empty else None,
            marked_at=last.recorded_at if last and not here and last.is_empty else None,
            wrote_at=seat.withdrawn_at if seat else None,
            seated=seat is not None,
        )

    @property
    def here(self) -> list[Tile]:
        return [tile for tile in self.tiles if tile.is_here]

    @property
    def not_here(self) -> list[Tile]:
        """Who is away: everybody who is not here, once it has begun; before, those who said so."""
        return [tile for tile in self.tiles if not tile.is_here and (self.has_begun or tile.is_away)]

    @property
    def to_come(self) -> list[Tile]:
        return [] if self.has_begun else [tile for tile in self.tiles if not tile.is_here and not tile.is_away]

    @cached_property
    def rooms(self) -> list[Room]:
        """The groups that somebody sits in, in their order."""
        is_here = {tile.who.member: tile.is_here for tile in self.tiles}
        found = []
        for triad, seats in self.held.sitting.items():
            number, room, tutor = self.triads[triad]
            rounds = max((n for seat in seats for n, _ in seat.turns), default=0)
            lines = tuple(
                Line(
                    self.by_member[seat.member],
                    is_here.get(seat.member, False),
                    tuple(dict(seat.turns).get(n) for n in range(1, rounds + 1)),
                )
                for seat in seats
            )
            observer = self.by_member[tutor].first if tutor and tutor in self.by_member else ""
            found.append(Room(triad, number, room, observer, lines, self._round_now(triad, rounds)))
        return sorted(found, key=lambda room: room.number)

    def _round_now(self, triad: UUID, rounds: int) -> int | None:
        """The round that has begun last, its feedback included; the first one before."""
        ran = self.held.happened.ran
        begun = [n for n in range(1, rounds + 1) if (triad, n) in ran and ran[triad, n].from_at <= self.now]
        return max(begun, default=1) if rounds and not self.is_over else None

    @property
    def round_now(self) -> int | None:
        """The round that most groups are in; None before the first and after the session."""
        ran = self.held.happened.ran
        begun = [n for (_, n), span in ran.items() if span.from_at <= self.now]
        return max(begun, default=None) if not self.is_over else None

    @property
    def noted_at(self) -> datetime | None:
        """When the register was last written in."""
        return max((fact.recorded_at for fact in self.facts if fact.scope.kind is Kind.HERE), default=None)

    @property
    def asks(self) -> str:
        """A word for who is here, where the groups do not fit them; "" where they do, or too few are known yet."""
        seated = {seat.member for seats in self.held.sitting.values() for seat in seats}
        present = {tile.who.member for tile in (self.here if self.has_begun else [*self.here, *self.to_come])}
        expected = [tile for tile in self.tiles if tile.seated and tile.wrote_at is None]
        if not self.is_open or not seated or seated == present or 3 * len(present) < 2 * len(expected):
            return ""
        return mark_of([(self.at.practice.id, sorted(present)), (self.at.cohort.id, sorted(seated))])

    @property
    def mode(self) -> Mode:
        found = rules.covering(self.facts, Scope(Kind.MODE), rules.minute(max(self.now, self.at.practice.starts_at)))
        return Mode(found.value) if found else self.held.happened.usual

    def presence(self, triad: UUID | None = None) -> Presence | None:
        """How the tutor who looks has said that they are there."""
        at = rules.minute(max(self.now, self.at.practice.starts_at))
        found = rules.covering(self.facts, Scope(Kind.TUTOR, self.at.membership.id, triad), at)
        return Presence(found.value) if found else None

    @cached_property
    def accounts(self) -> Mapping[UUID, Account]:
        return self.held.happened.accounts(self.now)

    def since_the_start(self) -> list[Said]:
        """What was noted, in words, newest first; who simply came in time is not told one by one."""
        found = [said for fact in self.facts if (said := self._said(fact))]
        found += [Said(call.at, call.who, call.words) for call in self.calls]
        undoable = self._undoable()
        for id_, at, why, undone, moved in self.versions:
            names = [self.by_member[one].first for one in moved if one in self.by_member]
            found.append(Said(at, _listed(names), VERSIONS.get(why, "groups changed") + (" (undone)" if undone else ""),
                              id_ if id_ == undoable else None))  # fmt: skip
        together: dict[tuple[datetime, str, UUID | None], list[Said]] = {}
        for said in found:
            together.setdefault((rules.minute(said.at), said.words, said.undo), []).append(said)
        lines = [Said(some[0].at, _listed([each.who for each in some]), words, undo)
                 for (_, words, undo), some in together.items()]  # fmt: skip
        return sorted(lines, key=lambda said: said.at, reverse=True)

    def _undoable(self) -> UUID | None:
        """The last change of groups, while no round has begun."""
        last = self.versions[-1] if self.versions else None
        return last[0] if last and last[2] == "regrouped" and not last[3] and self.round_now is None else None

    def _said(self, fact: Fact) -> Said | None:
        who = self.by_member[fact.scope.member].first if fact.scope.member else "Everybody"
        begins = self.at.practice.starts_at
        if fact.scope.kind is Kind.HERE:
            if fact.is_empty:
                return Said(fact.recorded_at, who, "marked as away")
            if fact.until_at is not None:
                return Said(fact.recorded_at, who, "left")
            if fact.from_at > begins and fact.replaces is None:
                late = rules.minutes([rules.Span(begins, fact.from_at)])
                return Said(fact.recorded_at, who, f"came {late} min after the start" if late > 1 else "came")
            return None
        if fact.scope.kind is Kind.MODE:
            return Said(fact.recorded_at, who, "online" if fact.value == Mode.ONLINE else "in the room")
        if fact.scope.kind is Kind.TUTOR and fact.until_at is None:
            return Said(fact.recorded_at, who, PRESENCE[Presence(fact.value)])
        return None


PRESENCE = {
    Presence.CONTINUOUS: "stays with them all the time",
    Presence.CIRCULATING: "goes round",
    Presence.ON_CALL: "is on call",
    Presence.NONE: "is not there",
}
VERSIONS = {"regrouped": "moved to new groups", "rooms": "in other rooms", "undone": "back to the groups before"}


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{len(names)} people"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "Everybody"


# --- loading ---------------------------------------------------------------------------------------------------


def day(db: Session, at: AtPractice, now: datetime) -> Day:
    """A session on its day; five questions."""
    seats, noted = seats_in(db, [at.practice.id]), noted_of(db, [at.practice.id])
    groups = groups_of(db, at.practice.id)
    return Day(
        at=at,
        people=people_of(db, at),
        held=held_session(at.cohort, at.practice, seats, noted.get(at.practice.id)),
        triads=groups.triads,
        pin_since=groups.pin_since,
        versions=_versions(db, at),
        now=now,
        calls=groups.calls,
    )


def people_of(db: Session, at: AtPractice) -> tuple[Someone, ...]:
    """Everybody who is or was in the cohort, by name; one question."""
    rests = exists().where(
        Preference.membership_id == Membership.id,
        Preference.kind == ChoiceKind.NOT_CLIENT.value,
        Preference.ended_at.is_(None),
        or_(Preference.practice_id.is_(None), Preference.practice_id == at.practice.id),
    )
    rows = db.execute(
        select(
            Membership.id,
            Membership.person_id,
            Membership.role,
            Membership.left_at,
            Person.name,
            rests.label("rests"),
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == at.cohort.id)
        .order_by(Person.name, Membership.id)
    ).all()
    called = short_names({row.id: row.name for row in rows})
    return tuple(
        Someone(
            row.id, row.person_id, row.name, called[row.id], row.role == "tutor", row.left_at is not None, row.rests
        )
        for row in rows
    )


def _versions(db: Session, at: AtPractice) -> tuple[tuple[UUID, datetime, str, bool, frozenset[UUID]], ...]:
    """Changes of this session's groups on its day, oldest first: who moved, and whether it was undone."""
    found = []
    for row in db.execute(
        select(
            PlanVersion.id, PlanVersion.made_at, PlanVersion.why, PlanVersion.undone_at, PlanVersion.before,
            PlanVersion.after,
        )
        .where(
            PlanVersion.cohort_id == at.cohort.id,
            PlanVersion.made_at >= at.practice.starts_at - arriving.OPENS * 48,
            PlanVersion.made_at <= at.practice.ends_at,
        )
        .order_by(PlanVersion.number)
    ):  # fmt: skip
        was, is_now = row.before.get(str(at.practice.id)), row.after.get(str(at.practice.id))
        if is_now is None:
            continue
        before, after = (
            {m: group["triad"] for group in groups or () for m in group["members"]} for groups in (was, is_now)
        )
        moved = frozenset(UUID(one) for one, triad in after.items() if before.get(one) != triad)
        found.append((row.id, row.made_at, row.why, row.undone_at is not None, moved))
    return tuple(found)


def question(db: Session, at: AtPractice, now: datetime) -> Question:
    """What the engine is asked about who is here; five questions."""
    rows = db.execute(
        select(*columns(PracticeRow), Triad.id, Triad.number, Triad.room, Triad.tutor_id)
        .outerjoin(Triad, Triad.practice_id == PracticeSession.id)
        .where(
            PracticeSession.cohort_id == at.cohort.id,
            or_(
                PracticeSession.id == at.practice.id,
                and_(PracticeSession.starts_at <= now, PracticeSession.cancelled_at.is_(None)),
            ),
        )
    ).all()
    width = len(columns(PracticeRow))
    practices = {row[0]: split(PracticeRow)(*row[:width])[0] for row in rows}
    triads = {row[width]: row[width + 1 :] for row in rows if row[width] is not None}
    ids = list(practices)
    seats, noted = seats_in(db, ids), noted_of(db, ids)
    sessions = {
        id_: held_session(at.cohort, practice, [s for s in seats if s.practice == id_], noted.get(id_))
        for id_, practice in practices.items()
    }
    people = people_of(db, at)
    held = sessions.pop(at.practice.id)
    known = {one.member for one in people if not one.is_tutor and not one.left}
    before = of_sessions(sessions.values(), now)
    apart = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == at.cohort.id)).all()
    here = Day(at, people, held, {triad: (n, room, tutor) for triad, (n, room, tutor) in triads.items()}, None, (), now)
    present = [tile.who.member for tile in (here.here if here.has_begun else [*here.here, *here.to_come])]
    turning = Turning.ONE_ROUND if at.cohort.rounds == 1 else Turning(at.cohort.turning)
    known |= set(present)
    seated = {seat.member for seats in held.sitting.values() for seat in seats}
    standing = tuple(
        Standing(triad, number, room, tutor, _group(held, seats, turning))
        for triad, seats in held.sitting.items()
        for number, room, tutor in [triads[triad]]
    )
    in_order = [one for one in people if one.member in known | seated]
    texts = {str(one.member) for one in in_order}
    course = CourseProblem(
        people=tuple(str(one.member) for one in in_order),
        present=(frozenset(map(str, present)),),
        apart=frozenset(frozenset((str(a), str(b))) for a, b in apart if {str(a), str(b)} <= texts),
        remainder=Remainder(at.cohort.remainder),
        turning=turning,
        rests=frozenset((str(one.member), 0) for one in in_order if one.rests),
        met={pair: count for pair, count in before.met.items() if pair <= texts},
        served={who: roles for who, roles in before.served.items() if who in texts},
        counselled=before.counselled,
        round_minutes=held.shape.practice,
    )
    names = {str(one.member): one.first for one in people}
    begun = [n for (_, n), span in held.happened.ran.items() if span.from_at <= now]
    return Question(
        course=course,
        standing=tuple(sorted(standing, key=lambda each: each.number)),
        names=names,
        labels=at.cohort.role_labels,
        first_round=max(begun, default=0) + 1,
        rooms=tuple(at.cohort.rooms),
        away=tuple(str(tile.who.member) for tile in here.not_here if tile.who.member in seated),
        tutors=sum(one.is_tutor and not one.left for one in people),
    )


def tutor_order(db: Session, at: AtPractice) -> list[UUID]:
    """Who observes pairs, whoever set the cohort up first."""
    rows = db.execute(
        select(Membership.id, Membership.person_id).where(
            Membership.cohort_id == at.cohort.id, Membership.role == "tutor", Membership.left_at.is_(None)
        )
    ).all()
    return [row.id for row in sorted(rows, key=lambda row: (row.person_id != at.cohort.created_by, row.id))]


def _group(held: HeldSession, seats: Sequence[SeatHeld], turning: Turning) -> Group:
    """A group as the engine has it. Who is client in no round, where everybody takes turns, rests."""
    members = tuple(str(seat.member) for seat in seats)
    all_turn = turning is not Turning.ONE_ROUND and rounds_for(held.shape, len(members)) >= len(members)
    guests = any(seat.visited for seat in seats)  # whose client, for once, observes
    clients = {str(seat.member) for seat in seats if Role.CLIENT in {role for _, role in seat.turns}}
    rests = frozenset(members) - clients if all_turn and not guests else frozenset()
    return Group(members, len(members) == 2, turning, rests)


@dataclass(frozen=True)
class Arrival:
    """What somebody sees of saying that they are here, and of what is noted of them; nobody else's."""

    at: AtPractice
    is_open: bool
    asks_pin: bool
    here_since: datetime | None
    account: Account | None  # None where nothing of theirs counts

    @property
    def words(self) -> list[str]:
        """“Round 1: observer, 16 min”"""
        if self.account is None:
            return []
        labels = self.at.cohort.role_labels
        return [f"Round {held.round}: {labels.of(held.role)}, {held.minutes} min" for held in self.account.held]


def arrival(db: Session, at: AtPractice, now: datetime) -> Arrival:
    """Whether somebody can say that they are here, and what is known of them; three questions."""
    practice, member = at.practice, at.membership.id
    pin_since = db.scalar(select(PracticeSession.pin_since).where(PracticeSession.id == practice.id))
    noted = noted_of(db, [practice.id])[practice.id]
    facts = noted.facts
    scope = Scope(Kind.HERE, member)
    here = rules.covering(facts, scope, rules.minute(now)) if now < practice.ends_at else None
    account = None
    if any(fact.scope == scope for fact in facts):
        account = held_session(at.cohort, practice, seats_in(db, [practice.id]), noted).happened.account(member, now)
    is_open = arriving.is_open(
        starts_at=practice.starts_at, ends_at=practice.ends_at, cancelled=practice.cancelled_at is not None, now=now
    )
    return Arrival(
        at,
        is_open,
        pin_since is not None,
        here.from_at if here else None,
        account if account and account.minutes else None,
    )
