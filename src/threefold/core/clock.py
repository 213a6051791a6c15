"""The shared clock of a practice session: its phases, and where its hand stands, from the presses on it alone.

There is one clock, the server's. Nothing about it is kept but the presses; where it stands is worked out from the
planned phases, the presses and the time, so that every process and every device says the same. Presses for everybody
move every group; a group's own come on top, and move no other group.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, shape_for, total_minutes

NONE = timedelta(0)
OPENS_BEFORE = timedelta(hours=2)
CLOSES_AFTER = timedelta(hours=3)
MOST_PRESSES = 500
EXTENSIONS = range(1, 31)
"""By how many minutes a phase may be made longer in one press."""

SHORT_PRACTICE = 10
"""Below so many minutes of practice people hardly arrive before it is over: worth a word to the tutor."""


class Kind(StrEnum):
    """What a phase is for. SELF, CLIENT, OBSERVER and TUTOR are the feedback, in the order people speak."""

    WELCOME = "welcome"
    CONTRACTING = "contracting"
    PRACTICE = "practice"
    SELF = "self"
    CLIENT = "client"
    OBSERVER = "observer"
    TUTOR = "tutor"
    CHANGE = "change"
    CLOSE = "close"


FEEDBACK = (Kind.SELF, Kind.CLIENT, Kind.OBSERVER, Kind.TUTOR)


class What(StrEnum):
    """What may be pressed."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    NEXT = "next"
    BACK = "back"
    STOP = "stop"


class Standing(StrEnum):
    """PLANNED: nobody has started it, so it stands where the plan has it. OVER: every phase has had its time."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    OVER = "over"


# --- the phases of a session ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phase:
    """One phase and how long it is planned to be. `round` counts from 1; None for the welcome and the close."""

    kind: Kind
    round: int | None
    length: timedelta


@dataclass(frozen=True)
class Template:
    """How a round of so many minutes of practice is usually shared out, in minutes (PRACTICE §1.2; all of it usual
    practice rather than rule, so that only the proportions are used and the course's own minutes hold).
    """

    name: str
    practice: int
    contracting: int
    self: int
    client: int
    observer: int
    tutor: int


TEMPLATES = (
    Template("Micro-skills", 5, 1, 1, 1, 2, 0),
    Template("First skills", 10, 2, 2, 2, 3, 1),
    Template("Skills", 15, 2, 2, 3, 4, 1),
    Template("Practice", 20, 3, 3, 3, 5, 2),
    Template("Assessed", 30, 3, 4, 4, 6, 5),
)
A_FOUR = Template("A four", 15, 2, 2, 2, 4, 1)  # two observers have something to say


def template_for(practice: int, size: int = 3) -> Template:
    """The template nearest below so many minutes of practice; a four shares its rounds in a way of its own."""
    if size > 3:
        return A_FOUR
    return max(
        (each for each in TEMPLATES if each.practice <= practice), key=lambda t: t.practice, default=TEMPLATES[0]
    )


def phases_of(shape: SessionShape, rounds: int | None = None, size: int = 3) -> tuple[Phase, ...]:
    """The phases of a session of this shape, for a group with so many rounds (a four has four: they are cut to fit).

    Rounds begin and end when people were told they would, and practice keeps its minutes in full. Contracting lies in
    the minutes before a round where every round has enough of them (the welcome, the minutes between), and else comes
    out of the minutes for feedback, which are shared out in the template's proportions.
    """
    cut = shape_for(shape, rounds or shape.rounds)
    usual = template_for(cut.practice, size)
    before = cut.opening > usual.contracting <= cut.between
    weights = {
        Kind.CONTRACTING: 0 if before else usual.contracting,
        Kind.SELF: usual.self,
        Kind.CLIENT: usual.client,
        Kind.OBSERVER: usual.observer,
        Kind.TUTOR: usual.tutor,
    }
    shared = _shared(timedelta(minutes=cut.feedback), weights)
    if before:
        shared[Kind.CONTRACTING] = timedelta(minutes=usual.contracting)
    gap = shared[Kind.CONTRACTING] if before else NONE
    found = [Phase(Kind.WELCOME, None, timedelta(minutes=cut.opening) - gap)]
    for number in range(1, cut.rounds + 1):
        if number > 1:
            found.append(Phase(Kind.CHANGE, number, timedelta(minutes=cut.between) - gap))
        found.append(Phase(Kind.CONTRACTING, number, shared[Kind.CONTRACTING]))
        found.append(Phase(Kind.PRACTICE, number, timedelta(minutes=cut.practice)))
        found.extend(Phase(kind, number, shared[kind]) for kind in FEEDBACK)
    found.append(Phase(Kind.CLOSE, None, timedelta(minutes=cut.closing)))
    return tuple(phase for phase in found if phase.length > NONE)


def _shared(whole: timedelta, weights: Mapping[Kind, int]) -> dict[Kind, timedelta]:
    """A length in parts of these weights: whole minutes, or half minutes where there are few; each part gets
    something while there is something, what people need most first.
    """
    unit = timedelta(minutes=1) if whole >= timedelta(minutes=5) else timedelta(seconds=30)
    units = whole // unit
    needed = (Kind.SELF, Kind.CLIENT, Kind.OBSERVER, Kind.CONTRACTING, Kind.TUTOR)
    wanted = [kind for kind in needed if weights[kind]]
    given = dict.fromkeys(weights, 0)
    for kind in wanted[:units]:
        given[kind] = 1
    total = sum(weights.values())
    for _ in range(units - sum(given.values())):
        most = max(wanted, key=lambda kind: (weights[kind] * units / total - given[kind], -wanted.index(kind)))
        given[most] += 1
    parts = {kind: unit * count for kind, count in given.items()}
    if wanted:
        parts[wanted[-1] if wanted[-1] is Kind.TUTOR else Kind.OBSERVER] += whole - unit * units
    return parts


def warning(shape: SessionShape, rounds: int, size: int, minutes: int) -> str:
    """What a tutor should know before a group of this size starts in a slot of `minutes`; "" for nothing."""
    cut = shape_for(shape, rounds)
    over = total_minutes(cut) - minutes
    who = {2: "A pair", 3: "Three", 4: "A four"}.get(size, f"A group of {size}")
    if over > 0:
        return f"{who} would need {over} minutes more than the {minutes} there are."
    if cut.practice < min(shape.practice, SHORT_PRACTICE):
        return (
            f"{who} in {minutes} minutes has {cut.rounds} rounds of {cut.practice} + {cut.feedback} minutes, which is "
            "short. It can leave out a round, or go on for longer than the others."
        )
    return ""


# --- presses, and where they leave the hand -------------------------------------------------------------------


@dataclass(frozen=True)
class Press:
    """Somebody pressed something at a moment of the server's: for everybody, or for one `group`."""

    id: UUID
    what: What
    at: datetime
    group: UUID | None = None
    seconds: int = 0


@dataclass(frozen=True)
class Timetable:
    """A session's phases: everybody's, and each group's own (a four has others)."""

    starts_at: datetime
    everybody: tuple[Phase, ...]
    groups: Mapping[UUID, tuple[Phase, ...]] = field(default_factory=dict)

    def phases(self, group: UUID | None) -> tuple[Phase, ...]:
        return self.groups.get(group, self.everybody) if group else self.everybody


@dataclass(frozen=True)
class State:
    """Where a clock stands: in the phase at `place`, with so much `left` of its `whole` length (extensions included).

    `place` is the number of phases once it is over. `at` is the moment that holds for; `ends_at` is when the phase
    ends if nobody presses anything, None while it stands still. `entered` has when each phase was last begun.
    """

    standing: Standing
    place: int
    left: timedelta
    whole: timedelta
    at: datetime
    entered: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def is_pressed(self) -> bool:
        """Whether somebody has started it."""
        return self.standing is not Standing.PLANNED

    @property
    def moves(self) -> bool:
        return self.standing in {Standing.RUNNING, Standing.PLANNED}

    @property
    def ends_at(self) -> datetime | None:
        return self.at + self.left if self.moves else None


def state(timetable: Timetable, presses: Iterable[Press], now: datetime, group: UUID | None = None) -> State:
    """Where the clock stands for everybody, or for one group. The order in which presses arrived makes no difference.

    "Next" and "back" for everybody bring a group that has everybody's phases to the phase that everybody is in then,
    unless it is past it (or before it) already; a group with phases of its own takes one step of its own.
    """
    phases, everybody = timetable.phases(group), timetable.everybody
    alike = phases == everybody
    planned = State(Standing.PLANNED, -1, NONE, NONE, timetable.starts_at)
    whole = own = planned
    for press in sorted(_before(presses, now), key=lambda press: (press.at, press.id)):
        if press.group is not None and press.group != group:
            continue
        if press.group is None:
            whole = _pressed(whole, everybody, press, None)
        own = _pressed(own, phases, press, whole.place if press.group is None and alike else None)
    if own.standing is Standing.PLANNED:
        begun = _entered(planned, phases, 0, timetable.starts_at)
        return replace(_moved(begun, phases, max(now, timetable.starts_at)), standing=Standing.PLANNED)
    return _moved(own, phases, now)


def _before(presses: Iterable[Press], now: datetime) -> list[Press]:
    """What has been pressed by now: a press from the future is one of a clock that was set back since."""
    return [press for press in presses if press.at <= now]


def _moved(hand: State, phases: Sequence[Phase], to: datetime) -> State:
    """The hand at a later moment: running, it goes from phase to phase by itself."""
    if not hand.moves or hand.place < 0 or to <= hand.at:
        return hand
    while hand.place < len(phases) and hand.at + hand.left <= to:
        hand = _entered(hand, phases, hand.place + 1, hand.at + hand.left)
    if hand.place >= len(phases):
        return replace(hand, standing=Standing.OVER)
    return replace(hand, left=hand.left - (to - hand.at), at=to)


def _entered(hand: State, phases: Sequence[Phase], place: int, at: datetime) -> State:
    """The hand at the beginning of a phase, or past the last one."""
    if place >= len(phases):
        return replace(hand, standing=Standing.OVER, place=len(phases), left=NONE, whole=NONE, at=at)
    length = phases[place].length
    gone = {there: when for there, when in hand.entered.items() if there < place}
    return replace(hand, place=place, left=length, whole=length, at=at, entered=gone | {place: at})


def _pressed(hand: State, phases: Sequence[Phase], press: Press, meet: int | None) -> State:
    """The hand after a press. `meet`: the place that everybody's "next" or "back" led to."""
    hand = _moved(hand, phases, press.at)
    if hand.standing in {Standing.PLANNED, Standing.STOPPED, Standing.OVER} and press.what is What.START:
        begun = replace(hand, standing=Standing.RUNNING, entered={})
        return _entered(begun, phases, 0, press.at)
    if hand.standing is Standing.PLANNED:
        return hand
    match press.what:
        case What.PAUSE if hand.standing is Standing.RUNNING:
            return replace(hand, standing=Standing.PAUSED)
        case What.RESUME if hand.standing in {Standing.PAUSED, Standing.STOPPED}:
            return replace(hand, standing=Standing.RUNNING, at=press.at)
        case What.STOP if hand.standing is not Standing.OVER:
            return replace(hand, standing=Standing.STOPPED, at=max(hand.at, press.at))
        case What.EXTEND if hand.standing is not Standing.STOPPED:
            return _longer(hand, phases, press)
        case What.NEXT | What.BACK:
            return _turned(hand, phases, press, meet)
        case _:
            return hand


def _turned(hand: State, phases: Sequence[Phase], press: Press, meet: int | None) -> State:
    """One phase on or back, or to where everybody meets; a stopped clock stays where it is."""
    if hand.standing is Standing.STOPPED:
        return hand
    if press.what is What.NEXT:
        target = hand.place + 1 if meet is None else meet
        return _entered(hand, phases, target, press.at) if target > hand.place else hand
    target = max(0, hand.place - 1 if meet is None else meet)
    if meet is not None and target >= hand.place:
        return hand
    standing = Standing.RUNNING if hand.standing is Standing.OVER else hand.standing
    return _entered(replace(hand, standing=standing), phases, target, press.at)


def _longer(hand: State, phases: Sequence[Phase], press: Press) -> State:
    """More time in this phase; once all is over, more time in the last one."""
    more = timedelta(seconds=press.seconds)
    if hand.standing is Standing.OVER:
        last = len(phases) - 1
        return replace(
            hand, standing=Standing.RUNNING, place=last, left=more, whole=phases[last].length + more, at=press.at
        )
    return replace(hand, left=hand.left + more, whole=hand.whole + more)


# --- whether it may be pressed --------------------------------------------------------------------------------


def why_not(
    starts_at: datetime, ends_at: datetime, now: datetime, *, cancelled: bool, how_many: int = 0
) -> Refusal | None:
    """Why a session's clock can't be pressed now. `how_many`: how often it has been."""
    if cancelled:
        return Refusal.because("This session was called off, so its clock stands still.")
    if now < starts_at - OPENS_BEFORE:
        return Refusal.because("This session’s clock can be started from two hours before it begins.")
    if now > ends_at + CLOSES_AFTER:
        return Refusal.because("This session is over, and its clock with it.")
    if how_many >= MOST_PRESSES:
        return Refusal.because("This clock has been pressed so often today that it takes no more.")
    return None


def still_stands(before: State, seen: int | None, what: What) -> bool:
    """Whether "next" or "back" still means what somebody saw: two tutors who press at once move on once."""
    return seen is None or what not in {What.NEXT, What.BACK} or before.place == seen


# --- what follows ---------------------------------------------------------------------------------------------


def begins(phases: Sequence[Phase], state: State) -> tuple[datetime | None, ...]:
    """When each phase began, or will if nobody presses anything; None for one that was passed over.

    While the clock stands still: as if it went on at once.
    """
    found: list[datetime | None] = [state.entered.get(place) for place in range(len(phases))]
    comes = state.at + state.left
    for place in range(state.place + 1, len(phases)):
        found[place] = comes
        comes += phases[place].length
    return tuple(found)


def ends(phases: Sequence[Phase], state: State) -> datetime:
    """When the whole session will be over if nobody presses anything."""
    later = (phase.length for phase in phases[state.place + 1 :])
    return state.at + state.left + sum(later, NONE)


def place_of(phases: Sequence[Phase], kind: Kind, round: int | None = None) -> int | None:
    """Where a phase stands in the order."""
    return next((place for place, one in enumerate(phases) if (one.kind, one.round) == (kind, round)), None)


def practice_of(phases: Sequence[Phase], state: State, round: int) -> tuple[datetime, datetime] | None:
    """From when to when a round's practice runs by this clock. While it is going on, pauses and extensions move its
    beginning so that the time gone is the time practised. None where the clock knows nothing of it.
    """
    place = place_of(phases, Kind.PRACTICE, round)
    if place is None or not state.is_pressed:
        return None
    if place == state.place:
        ends_at = state.at + state.left
        return ends_at - state.whole, ends_at
    known = begins(phases, state)
    began = known[place]
    if began is None:
        return None
    after = known[place + 1] if place + 1 < len(phases) else None
    return began, after or began + phases[place].length
