"""What the clock's pages show: a group's round for one of its people, and the panel of those who teach."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.clock.record import GroupAt, SharedClock, clock_of, seating
from threefold.clock.showing import Asking, Dial, asking, device_of, dial_of, milliseconds, told_phases
from threefold.core import clock_words as words
from threefold.core.clock import Kind, Phase, Standing
from threefold.core.clock_words import Company
from threefold.core.names import first_name, short_names
from threefold.core.please_come import Ask
from threefold.core.roles import Role, RoleLabels, SaidTurn, say_turn
from threefold.core.said import listed
from threefold.store.rows import CohortRow, PracticeRow
from threefold.store.tables import Focus, Membership, Person, Seat, Turn
from threefold.store.within import InTriad


@dataclass(frozen=True)
class Part:
    """One phase as one of the group's people goes through it."""

    place: int
    phase: Phase
    said: SaidTurn | None  # what they are in this round
    to_do: str
    next: str
    then: str  # who speaks in what order, where feedback comes next
    focus: str
    notes: str  # where an observer notes, during practice


@dataclass(frozen=True)
class OwnClock:
    """The clock of somebody's own group."""

    clock: SharedClock
    group: GroupAt
    dial: Dial
    parts: tuple[Part, ...]
    ask: Ask | None
    tutors: tuple[str, ...]
    may_press: bool
    seating: str

    @property
    def rounds(self) -> list[tuple[int, SaidTurn]]:
        """What they are, round by round."""
        practising = (part for part in self.parts if part.phase.kind is Kind.PRACTICE)
        return [(part.phase.round or 0, part.said) for part in practising if part.said]

    @property
    def who_hears(self) -> str:
        """Whom "Please come" reaches."""
        return listed(self.tutors) or "your tutor"

    @property
    def tells(self) -> str:
        return f"Tells {self.who_hears}, and only {self.who_hears}, to look in on {self.group.called}."

    @property
    def device(self) -> str:
        return device_of(self.dial, self.clock.practice.id, seating=self.seating, asks=self.tells)


@dataclass(frozen=True)
class GroupClock:
    """One group's clock in the tutors' panel."""

    group: GroupAt
    dial: Dial
    apart: bool  # whether it stands elsewhere than everybody's


@dataclass(frozen=True)
class Panel:
    """A session's clock for whoever teaches it."""

    clock: SharedClock
    dial: Dial
    groups: tuple[GroupClock, ...]
    asking: tuple[Asking, ...]

    @property
    def path(self) -> str:
        return f"/practice/{self.clock.practice.id}/clock"

    @property
    def device(self) -> str:
        own = {
            str(group): told_phases(phases, self.dial.labels) for group, phases in self.clock.timetable.groups.items()
        }
        called = {str(group.id): group.called for group in self.clock.groups}
        until = milliseconds(self.clock.practice.ends_at)
        return device_of(self.dial, self.clock.practice.id, panel=True, own=own, called=called, until=until)

    @property
    def late(self) -> int:
        """How many minutes after the session's own end it would be over, as it stands."""
        over = self.dial.ends_in_all - self.clock.practice.ends_at
        standing = self.dial.state.standing
        return max(0, round(over.total_seconds() / 60)) if standing in {Standing.RUNNING, Standing.PAUSED} else 0


def panel_of(
    db: Session, practice: PracticeRow, cohort: CohortRow, now: datetime, groups: Sequence[GroupAt] | None = None
) -> Panel:
    """The tutors' panel, for the day board too, which knows the `groups`: one question then, else two."""
    clock = clock_of(db, practice, cohort, groups)
    dial = dial_of(clock, now)
    dials = [(group, dial_of(clock, now, group.id)) for group in clock.groups]
    return Panel(
        clock,
        dial,
        tuple(GroupClock(group, own, apart=_apart(own, dial)) for group, own in dials),
        asking(clock, now),
    )


def _apart(own: Dial, everybody: Dial) -> bool:
    """Whether somebody pressed something for a group alone. A four goes its own way anyhow, as long as it runs."""
    if own.phases != everybody.phases:
        return own.state.standing is not everybody.state.standing
    return _where(own) != _where(everybody)


def _where(dial: Dial) -> tuple[object, ...]:
    state = dial.state
    return state.standing, state.place, state.left, state.whole


def own_clock(db: Session, within: InTriad, now: datetime) -> OwnClock | None:
    """The clock of the group that the asker sits in, with their part in every phase; six questions."""
    clock = clock_of(db, within.practice, within.cohort)
    group = clock.group(within.triad.id)
    if group is None:
        return None
    turns = _turns(db, within)
    focus = _focus(db, within)
    tutors = _tutors(db, within.cohort.id)
    watching = tutors.get(within.triad.tutor_id, "") if within.triad.tutor_id else ""
    phases, labels = clock.phases(group.id), within.cohort.role_labels
    return OwnClock(
        clock,
        group,
        dial_of(clock, now, group.id),
        tuple(
            _part(place, phases, labels, turns.get(phase.round or 0, []), within, focus, watching)
            for place, phase in enumerate(phases)
        ),
        clock.ask_of(group.id, now),
        tuple(tutors.values()),
        may_press=within.practice.window_id is not None,
        seating=seating((number, role.value, member) for number, turn in turns.items() for role, member, _ in turn),
    )


def _part(
    place: int,
    phases: tuple[Phase, ...],
    labels: RoleLabels,
    turns: list[tuple[Role, UUID, str]],
    within: InTriad,
    focus: dict[UUID, str],
    watching: str,
) -> Part:
    phase, me = phases[place], within.membership.id
    mine = next((role for role, member, _ in turns if member == me), None)
    others = {role: name for role, member, name in turns if member != me}
    observers = tuple(name for role, member, name in turns if role is Role.OBSERVER and member != me)
    observers += (watching,) if watching else ()
    company = Company(others.get(Role.COUNSELLOR, ""), others.get(Role.CLIENT, ""), observers)
    counsellor = next((member for role, member, _ in turns if role is Role.COUNSELLOR), None)
    after = words.comes_next(phases, place)
    speaks = after is not None and phases[after[0]].kind is Kind.SELF
    return Part(
        place,
        phase,
        say_turn(mine, labels, company.counsellor, company.client, company.observers) if mine else None,
        words.to_do(phase, mine, company),
        after[1] if after else "",
        words.order_of_speaking(mine, company) if speaks else "",
        focus.get(counsellor, "") if counsellor and mine in {Role.COUNSELLOR, Role.OBSERVER} else "",
        f"/observation/{within.triad.id}/{phase.round}"
        if mine is Role.OBSERVER and phase.kind in {Kind.CONTRACTING, Kind.PRACTICE}
        else "",
    )


def _turns(db: Session, within: InTriad) -> dict[int, list[tuple[Role, UUID, str]]]:
    """Who is what in each round of the group, called as in a small room."""
    rows = db.execute(
        select(Turn.round, Turn.role, Seat.membership_id, Person.name)
        .join(Seat, Seat.id == Turn.seat_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Turn.triad_id == within.triad.id, Seat.given_up_at.is_(None))
        .order_by(Turn.round, Seat.position)
    ).all()
    called = short_names({member: name for _, _, member, name in rows})
    found: dict[int, list[tuple[Role, UUID, str]]] = defaultdict(list)
    for number, role, member, _ in rows:
        found[number].append((Role(role), member, called[member]))
    return found


def _focus(db: Session, within: InTriad) -> dict[UUID, str]:
    """What each of the group took along from a round before: chosen before this session began."""
    rows = db.execute(
        select(Focus.membership_id, Focus.words)
        .join(Seat, Seat.membership_id == Focus.membership_id)
        .where(
            Seat.triad_id == within.triad.id,
            Seat.given_up_at.is_(None),
            Focus.at < within.practice.starts_at,
        )
        .order_by(Focus.at)
    )
    return {member: said for member, said in rows}  # noqa: C416 - rows are no pairs to the type checker


def _tutors(db: Session, cohort: UUID) -> dict[UUID, str]:
    """The first names of those who teach, by membership."""
    rows = db.execute(
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == cohort, Membership.role == "tutor", Membership.left_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
    ).all()
    return {member: first_name(name) for member, name in rows}
