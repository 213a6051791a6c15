"""A way to put people into groups, and what it would do to whom, said so that a tutor can choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, RoleLabels
from threefold.core.said import listed, number, plural
from threefold.core.triad import group_name
from threefold.day.question import Question, Standing
from threefold.matching import CourseProblem, Plan, shape
from threefold.matching.repair.consequences import consequences

NEW = "new"


SIZES = {2: "a pair with a tutor", 3: "three", 4: "a four", 5: "a five"}


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
            made.append(NewGroup(None, group_name(room, last), room, group))
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
        stays=f"{number(stay)} {'stay where they are' if stay != 1 else 'stays where they are'}" if stay else "",
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
        (-len(set(group.members) & set(each.group.members)), which, place)
        for place, group in enumerate(groups)
        for which, each in enumerate(standing)
        if set(group.members) & set(each.group.members)
    )
    found: dict[int, Standing] = {}
    for _, which, place in shared:
        if place not in found and standing[which] not in found.values():
            found[place] = standing[which]
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
    said = [f"{number(moving)} {'person moves' if moving == 1 else 'people move'}"] if moving else []
    said += [f"{number(coming)} {'joins' if coming == 1 else 'join'} a group"] if coming else []
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
        return f"Afterwards {number(len(said))} people are owed a turn. The next plan gives it to them first."
    turns = [listed([f"a {question.labels.of(role)} turn" for role in roles]) for _, roles in said]
    words = [
        f"{name}{'' if place else ' is owed'} {owes}"
        for place, ((name, _), owes) in enumerate(zip(said, turns, strict=True))
    ]
    return f"Afterwards {listed(words)}. The next plan gives {'it' if len(said) == 1 else 'them'} first."
