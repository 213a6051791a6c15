"""One way to mend a plan in plain sentences, for the tutor who has to choose."""

from collections.abc import Iterator, Mapping, Sequence

from threefold.core.grouping import Person
from threefold.core.roles import Role, RoleLabels
from threefold.core.said import number
from threefold.matching.repair import RepairOption
from threefold.matching.repair.consequences import Consequences
from threefold.matching.words import listed, opening

MOST_NAMED = 4  # people, before they are only counted


def say_option(
    option: RepairOption,
    names: Mapping[Person, str],
    dates: Sequence[str],
    *,
    labels: RoleLabels = RoleLabels(),  # noqa: B008 - a frozen value
    round_minutes: int = 1,
) -> tuple[str, ...]:
    """Who moves, who observes, what repeats, what it does to practice and roles: a sentence each.

    `dates` says what each session is called within a sentence ("week 6"). With the default of `round_minutes`,
    practice is counted in rounds. For tutors alone, like everything that is said of a whole plan.
    """
    done = option.consequences
    return (
        *_moved(option),
        *_observed(done, names, dates),
        *_repeated(option),
        *_practice(done, names, round_minutes),
        *_owed(done, names, labels),
    )


def _moved(option: RepairOption) -> Iterator[str]:
    moved, people = len(option.consequences.moved), len(option.consequences.people_moved)
    if not moved:
        yield "Nobody changes groups."
    else:
        who = "One person changes groups" if people == 1 else f"{opening(number(people))} people change groups"
        often = f", {moved} times in all" if moved > people else ""
        yield f"{who}{often}{'; no repair moves fewer.' if moved == option.least_moved else '.'}"
    staying = {person for _, person in option.consequences.turned}
    if staying:
        one = len(staying) == 1
        yield f"{opening(number(len(staying)))} who {'stays has' if one else 'stay have'} another role."


def _observed(done: Consequences, names: Mapping[Person, str], dates: Sequence[str]) -> Iterator[str]:
    if len(done.observed) == 1:
        session, group = done.observed[0]
        yield f"A tutor observes {listed([names[person] for person in group.members], 2)} in {dates[session]}."
    elif done.observed:
        sessions = sorted({session for session, _ in done.observed})
        yield f"A tutor observes a pair in {listed([dates[session] for session in sessions], 4, 'more')}."


def _repeated(option: RepairOption) -> Iterator[str]:
    added = option.consequences.repeats_added
    proven = option.consequences.repeats == option.least_repeats
    if added <= 0:
        yield "No meeting repeats that did not before."
    else:
        what = "One more meeting repeats" if added == 1 else f"{added} more meetings repeat"
        yield f"{what}{', and no way to mend these sessions has fewer.' if proven else '.'}"


def _practice(done: Consequences, names: Mapping[Person, str], round_minutes: int) -> Iterator[str]:
    change = {person: sum(roles.values()) for person, roles in done.minutes.items()}
    for less, sign in (("less", -1), ("more", 1)):
        by_how_much: dict[int, list[str]] = {}
        for person, minutes in change.items():
            if minutes * sign > 0:
                by_how_much.setdefault(abs(minutes), []).append(names[person])
        for amount in sorted(by_how_much, reverse=True):
            who = by_how_much[amount]
            unit = ("minute" if round_minutes > 1 else "round") + ("s" if amount != 1 else "")
            yield f"{listed(who, MOST_NAMED)} {'has' if len(who) == 1 else 'have'} {amount} {unit} {less} practice."


def _owed(done: Consequences, names: Mapping[Person, str], labels: RoleLabels) -> Iterator[str]:
    for role in Role:
        who = [names[person] for person, roles in done.owed.items() if role in roles]
        if who:
            yield f"{listed(who, MOST_NAMED)} {'is' if len(who) == 1 else 'are'} owed a turn as {labels.of(role)}."
