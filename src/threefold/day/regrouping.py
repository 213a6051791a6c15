"""Groups from who is here: what the engine is asked, and the ways it finds, said so that a tutor can choose.

Pure: a question is loaded beforehand (`day.queries`), and what is chosen is written afterwards (`day.seating`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from random import Random
from uuid import UUID

from threefold.core.grouping import Group, Pair, Person
from threefold.core.roles import Role, RoleLabels
from threefold.core.said import listed, plural
from threefold.matching import BRIEF, CourseProblem, NoPlan, Plan, plan_course, say_clash, shape
from threefold.matching.repair import RepairProblem, repair
from threefold.matching.repair.consequences import consequences
from threefold.matching.roles import in_turn

STEPS = 4_000  # changes tried; one tutor goes round, so that only others are free to observe a pair
NEW = "new"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SIZES = {2: "a pair with a tutor", 3: "three", 4: "a four", 5: "a five"}


def number_word(count: int) -> str:
    """Two, eleven, 13"""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


@dataclass(frozen=True)
class Standing:
    """A group as it stands: its triad, room and members in their order."""

    triad: UUID
    number: int
    room: str
    tutor: UUID | None
    group: Group

    @property
    def called(self) -> str:
        return self.room or f"Group {self.number}"


@dataclass(frozen=True)
class Question:
    """A session whose people are to be put into groups. `course` is about this one session; people are memberships.

    `first_round` is the number of the first round that has not begun: rounds that have begun stay as they are.
    `rooms` are the cohort's, for groups that have none.
    """

    course: CourseProblem
    standing: tuple[Standing, ...]
    names: Mapping[Person, str]
    labels: RoleLabels
    first_round: int
    rooms: tuple[str, ...]
    away: tuple[Person, ...]
    tutors: int

    @property
    def here(self) -> tuple[Person, ...]:
        return self.course.here(0)

    @cached_property
    def mark(self) -> str:
        """The same while the groups are: what a form was made from."""
        return mark_of((each.triad, tuple(map(UUID, each.group.members))) for each in self.standing)

    @property
    def fits(self) -> bool:
        """Whether everybody who is here, and nobody else, sits in groups that can practise."""
        seated = [person for each in self.standing for person in each.group.members]
        sizes_fit = all(3 <= len(each.group.members) <= 4 or each.tutor for each in self.standing)
        return sizes_fit and sorted(seated) == sorted(self.here) and bool(seated)


def mark_of(groups: Iterable[tuple[UUID, Sequence[UUID]]]) -> str:
    """A short word for who sits with whom, in which triad."""
    said = "|".join(sorted(f"{triad}:{','.join(map(str, members))}" for triad, members in groups))
    return sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class NewGroup:
    """A group of a way: the triad it goes on from (None: a new one), its room, its people in order."""

    triad: UUID | None
    called: str
    room: str
    group: Group

    @property
    def field(self) -> str:
        """As a form carries it."""
        return f"{self.triad or NEW}:{','.join(self.group.members)}"


@dataclass(frozen=True)
class Move:
    """Somebody goes elsewhere; `was` is "" for who had no group."""

    who: str
    was: str
    goes: str
    role: Role | None
    says: str


@dataclass(frozen=True)
class Way:
    """One way to put people into groups, said in words."""

    groups: tuple[NewGroup, ...]
    moves: tuple[Move, ...]
    says: str
    counts: str
    stays: str
    owed: str
    repeats: int

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [("group", group.field) for group in self.groups]


@dataclass(frozen=True)
class Ways:
    """Up to three ways, the least disturbing first; none and why, where there is none."""

    found: tuple[Way, ...]
    why_none: str = ""


def propose(question: Question) -> Ways:
    """The ways to seat who is here. Within a second for forty, whatever they are."""
    here = question.here
    if len(here) < 2:
        return Ways((), "Two people are needed for a group, and a tutor with them. Tick who is here.")
    course, standing = question.course, [each.group for each in question.standing]
    plans: list[tuple[Group, ...]] = []
    if standing:
        found = repair(
            RepairProblem(course, Plan((tuple(standing),)), free_tutors={0: max(0, question.tutors - 1)}), steps=STEPS
        )
        if isinstance(found, NoPlan):
            return Ways((), _why(question, found))
        plans = [option.plan.sessions[0] for option in found]
    else:
        made = plan_course(course, effort=BRIEF)
        if isinstance(made, NoPlan):
            return Ways((), _why(question, made))
        plans = [made.sessions[0]]
    return Ways(tuple(way(question, groups) for groups in plans))


def by_hand(question: Question, chosen: Sequence[Sequence[Person]]) -> Way:
    """The groups that a tutor chose, with turns dealt as for any plan; groups that stay as they are keep theirs."""
    kept = {frozenset(each.group.members): each.group for each in question.standing}
    pinned = tuple(kept[frozenset(people)] for people in chosen if frozenset(people) in kept)
    seated = [tuple(people) for people in chosen]
    course = replace(question.course, pinned={0: pinned}, present=(frozenset(p for some in seated for p in some),))
    dealt = in_turn(course, {0: seated}, Random(0))[0]
    order = {frozenset(people): place for place, people in enumerate(seated)}
    return way(question, sorted(dealt, key=lambda group: order[frozenset(group.members)]))


def apart_in(course: CourseProblem, chosen: Sequence[Sequence[Person]]) -> list[Pair]:
    """The pairs kept apart who would sit together."""
    return [pair for pair in course.apart if any(pair <= frozenset(people) for people in chosen)]


def sizes_for(course: CourseProblem) -> str:
    """“1 triad and 2 quads”"""
    sizes = shape(len(course.present[0]), course.remainder)
    words = {3: "triad", 4: "quad", 2: "pair"}
    return listed([plural(sizes.count(size), words[size]) for size in (3, 4, 2) if size in sizes])


def way(question: Question, groups: Sequence[Group]) -> Way:
    """What these groups would do to whom."""
    goes_on = _goes_on(question.standing, groups)
    free = [room for room in question.rooms if room not in {each.room for each in question.standing}]
    closed = [each for each in question.standing if each not in goes_on.values()]
    made = []
    last = max((each.number for each in question.standing), default=0)
    for place, group in enumerate(groups):
        before = goes_on.get(place)
        if before is None:
            last += 1
            left = closed.pop(0) if closed else None
            room = left.room if left else free.pop(0) if free else ""
            made.append(NewGroup(None, room or f"Group {last}", room, group))
        else:
            made.append(NewGroup(before.triad, before.called, before.room, group))
    was = {person: each for each in question.standing for person in each.group.members}
    moves = tuple(
        Move(
            question.names[person],
            was[person].called if person in was else "",
            new.called,
            role := first_role(new.group, person),
            _role_first(question.labels, role),
        )
        for new in made
        for person in new.group.members
        if person not in was or was[person].triad != new.triad
    )
    moving = sum(1 for move in moves if move.was)
    coming = len(moves) - moving
    stay = len(question.here) - len(moves)
    result = consequences(
        question.course, Plan((tuple(each.group for each in question.standing),)), Plan((tuple(groups),))
    )
    return Way(
        groups=tuple(made),
        moves=moves,
        says=_suggestion(question, made),
        counts=_counts(moving, coming),
        stays=f"{number_word(stay)} {'stay where they are' if stay != 1 else 'stays where they are'}" if stay else "",
        owed=_owed(question, _lost(question, was, groups)),
        repeats=result.repeats,
    )


def first_role(group: Group, person: Person) -> Role | None:
    """What somebody is in the group's next round."""
    rounds = group.rounds()
    return rounds[0].get(person) if rounds else None


def _goes_on(standing: Sequence[Standing], groups: Sequence[Group]) -> dict[int, Standing]:
    """Which group goes on where: the largest agreements first, so that as few as can be change rooms."""
    shared = sorted(
        (-len(set(group.members) & set(each.group.members)), number, place)
        for place, group in enumerate(groups)
        for number, each in enumerate(standing)
        if set(group.members) & set(each.group.members)
    )
    found: dict[int, Standing] = {}
    for _, number, place in shared:
        if place not in found and standing[number] not in found.values():
            found[place] = standing[number]
    return found


def _suggestion(question: Question, made: Sequence[NewGroup]) -> str:
    """“close Room 5, so Room 4 works as a four”"""
    goes_on = {new.triad for new in made}
    closes = [each.called for each in question.standing if each.triad not in goes_on]
    opens = [new.called for new in made if new.triad is None]
    before = {each.triad: len(each.group.members) for each in question.standing}
    other = [
        (new.called, len(new.group.members))
        for new in made
        if new.triad and before[new.triad] != len(new.group.members) and len(new.group.members) != 3
    ]
    parts = []
    if not question.standing:
        return sizes_for(question.course)
    if closes:
        parts.append(f"close {listed(closes)}")
    if opens:
        parts.append(f"open {listed(opens)}")
    becomes = listed([f"{called} works as {SIZES.get(size, f'a group of {size}')}" for called, size in other])
    if becomes and parts:
        return f"{' and '.join(parts)}, so {becomes}"
    return becomes or " and ".join(parts) or "keep the rooms as they are"


def _counts(moving: int, coming: int) -> str:
    """“Two people move”"""
    said = [f"{number_word(moving)} {'person moves' if moving == 1 else 'people move'}"] if moving else []
    said += [f"{number_word(coming)} {'joins' if coming == 1 else 'join'} a group"] if coming else []
    words = " and ".join(said) or "nobody moves"
    return words[0].upper() + words[1:]


def _role_first(labels: RoleLabels, role: Role | None) -> str:
    """“observes first”"""
    if role is None:
        return ""
    word = labels.of(role)
    return "observes first" if word == "observer" else f"{word} first"


def _lost(question: Question, was: Mapping[Person, Standing], groups: Sequence[Group]) -> dict[Person, list[Role]]:
    """The turns that people would have had in the rounds to come, and have no longer; observing is owed to nobody."""
    begun = question.first_round - 1
    found: dict[Person, list[Role]] = {}
    for group in groups:
        for person in group.members:
            if person not in was or group == was[person].group:
                continue
            before = was[person].group.rounds()
            after = group.rounds()[: max(0, len(before) - begun)] if begun else group.rounds()
            lost = [
                role
                for role in (Role.COUNSELLOR, Role.CLIENT)
                if sum(roles.get(person) is role for roles in before[begun:])
                > sum(roles.get(person) is role for roles in after)
            ]
            if lost:
                found[person] = lost
    return found


def _owed(question: Question, lost: Mapping[Person, Sequence[Role]]) -> str:
    """“Dev is owed a counsellor turn and Esther a client turn”"""
    said = [(question.names[person], roles) for person, roles in lost.items()]
    if not said:
        return ""
    if len(said) > 4:
        return f"Afterwards {number_word(len(said))} people are owed a turn. The next plan gives it to them first."
    turns = [listed([f"a {question.labels.of(role)} turn" for role in roles]) for _, roles in said]
    words = [
        f"{name}{'' if place else ' is owed'} {owes}"
        for place, ((name, _), owes) in enumerate(zip(said, turns, strict=True))
    ]
    return f"Afterwards {listed(words)}. The next plan gives {'it' if len(said) == 1 else 'them'} first."


def _why(question: Question, none: NoPlan) -> str:
    names = {person: question.names.get(person, "") for person in question.course.people}
    return " ".join(sentence for clash in none.clashes for sentence in say_clash(clash, names, ["this session"]))


__all__ = [
    "Move", "NewGroup", "Question", "Standing", "Way", "Ways", "apart_in", "by_hand", "mark_of",
    "number_word", "propose", "sizes_for", "way",
]  # fmt: skip
