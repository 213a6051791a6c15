"""What a changed plan does to whom, against the one that people have: who moves, repeats, minutes, roles owed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role
from threefold.matching.plan import Plan, repeats
from threefold.matching.problem import CourseProblem

Appointment = tuple[int, Person]
"""A session, by its place in time, and one person's seat in it."""

Minutes = Mapping[Person, Mapping[Role, int]]

Lengths = Mapping[tuple[int, int], int]
"""Minutes of practice in a round, by the session's place in time and the number of rounds a group has in it."""

NO_LENGTHS: Lengths = MappingProxyType({})


@dataclass(frozen=True)
class Consequences:
    """The difference between two plans for the same course, as it is now.

    `moved`: appointments of people who are there, in which they sit with other people than they would have,
    whoever is absent now left aside; newcomers' count. `turned`: appointments with the same people and as many
    rounds, but another role in some round. `ended`: appointments somebody had and is no longer there for.
    `told` are all who have something new to read: those three, and whoever misses one of their group.
    `repeats` are those of the new plan, `repeats_added` how many more than the old one had.
    `minutes`: practice gained (or lost, below 0) in each role. `owed`: minutes in a role that somebody now falls
    behind their fullest role, where the new plan has made that worse. Who has neither is left out of the two.
    `observed` are pairs that need a tutor now and did not before, by session.
    """

    moved: tuple[Appointment, ...]
    turned: tuple[Appointment, ...]
    ended: tuple[Appointment, ...]
    told: tuple[Person, ...]
    repeats: int
    repeats_added: int
    minutes: Minutes
    owed: Minutes
    observed: tuple[tuple[int, Group], ...]

    @property
    def people_moved(self) -> tuple[Person, ...]:
        """Everybody with a moved appointment, each once, in the order of `told`."""
        moving = {person for _, person in self.moved}
        return tuple(person for person in self.told if person in moving)


def consequences(course: CourseProblem, before: Plan, after: Plan, lengths: Lengths = NO_LENGTHS) -> Consequences:
    """Everything that changes for anybody when `after` takes the place of `before`."""
    moved: list[Appointment] = []
    turned: list[Appointment] = []
    ended: list[Appointment] = []
    told: set[Person] = set()
    for number, (old, new) in enumerate(zip(before.sessions, after.sessions, strict=True)):
        if old == new and all(course.present[number].issuperset(group.members) for group in old):
            continue
        here = course.present[number]
        was = {person: group for group in old for person in group.members}
        now = {person: group for group in new for person in group.members}
        for person in course.people:
            if person not in here or number in course.frozen:
                if person in was and person not in now:
                    ended.append((number, person))
                continue
            one, other = was.get(person), now.get(person)
            if one == other:
                continue
            told.add(person)
            if one is None or other is None or here & set(one.members) != here & set(other.members):
                moved.append((number, person))
            elif len(one.rounds()) == len(other.rounds()) and roles_of(one, person) != roles_of(other, person):
                turned.append((number, person))
    told |= {person for _, person in (*moved, *turned, *ended)}
    old_minutes, new_minutes = (role_minutes(course, plan, lengths) for plan in (before, after))
    gained = {
        person: {
            role: new - old_minutes[person][role] for role, new in roles.items() if new != old_minutes[person][role]
        }
        for person, roles in new_minutes.items()
    }
    again = repeats(after, course.met)
    return Consequences(
        moved=tuple(moved),
        turned=tuple(turned),
        ended=tuple(ended),
        told=tuple(person for person in course.people if person in told),
        repeats=again,
        repeats_added=again - repeats(before, course.met),
        minutes={person: roles for person, roles in gained.items() if roles},
        owed=_owed(course, old_minutes, new_minutes),
        observed=tuple(
            (number, group)
            for number, (old, new) in enumerate(zip(before.sessions, after.sessions, strict=True))
            for group in new
            if group.tutor and not any(g.tutor and set(g.members) == set(group.members) for g in old)
        ),
    )


def roles_of(group: Group, person: Person) -> tuple[Role, ...]:
    """What somebody is in each round of their group."""
    return tuple(roles[person] for roles in group.rounds())


def role_minutes(course: CourseProblem, plan: Plan, lengths: Lengths = NO_LENGTHS) -> dict[Person, Counter[Role]]:
    """Minutes in each role by the plan alone."""
    minutes: dict[Person, Counter[Role]] = {person: Counter(dict.fromkeys(Role, 0)) for person in course.people}
    for number, groups in enumerate(plan.sessions):
        for group in groups:
            rounds = group.rounds()
            each = lengths.get((number, len(rounds)), course.round_minutes)
            for roles in rounds:
                for person, role in roles.items():
                    if person in minutes:
                        minutes[person][role] += each
    return minutes


def _owed(
    course: CourseProblem, before: Mapping[Person, Counter[Role]], after: Mapping[Person, Counter[Role]]
) -> dict[Person, dict[Role, int]]:
    owed = {}
    for person in course.people:
        if before[person] == after[person]:
            continue
        served = course.served.get(person, {})
        old, new = ({role: held[person][role] + served.get(role, 0) for role in Role} for held in (before, after))
        behind = {
            role: max(new.values()) - new[role]
            for role in Role
            if max(new.values()) - new[role] > max(0, max(old.values()) - old[role])
        }
        if behind:
            owed[person] = behind
    return owed
