"""The command `threefold plan`: a problem or a roster from one file, its plan into another.

Light, so that it starts at once: the web and the database stay out of it.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from threefold.commands.rotas import Roster, Unclear, read_roster, rota
from threefold.commands.watching import Saying, Watch
from threefold.core.grouping import Person
from threefold.core.roles import Turning
from threefold.matching.bounds import bounds
from threefold.matching.clash import NoPlan, say_clash
from threefold.matching.course import USUAL, Effort, plan_course
from threefold.matching.explain import explain, say_note
from threefold.matching.instances import Instance, Undividable, plan_document, read_instance
from threefold.matching.instances.document import Malformed
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder
from threefold.matching.repair import STEPS, RepairProblem, repair
from threefold.matching.repair.telling import say_option
from threefold.matching.week import USUAL_WEEK, WeekEffort, WeekPlan, plan_week
from threefold.matching.week.offers import WeekProblem
from threefold.matching.week.waiting import say_unplaced_of

UNREADABLE, IMPOSSIBLE = 2, 3
"""Exit statuses: the input is not what it should be; it is, and there is no plan."""

SECONDS, WITH_RULES, WEEK = 8.0, 17.0, 30.0  # where neither steps nor seconds are asked for; most end before
ENDLESS = 10**12  # steps, where only the clock ends the search


@dataclass(frozen=True)
class Limits:
    """How long to search: so many steps (None: the usual), and so many seconds on top (None: the usual)."""

    seed: int
    steps: int | None
    seconds: float | None

    def effort(self, usual: int) -> int:
        """The steps to take: those asked for, without end if only seconds were asked for, or the usual."""
        if self.steps is not None:
            return self.steps
        return usual if self.seconds is None else ENDLESS

    def watch(self, usual: float = SECONDS) -> Watch:
        """The clock starts now, with the usual seconds where nothing was asked for; none where only steps were."""
        return Watch(usual if self.steps is None and self.seconds is None else self.seconds)

    def said(self, watch: Watch, steps: int) -> tuple[str, str]:
        """How the search ended, for the summary (or ""), and how to make the same plan again."""
        ended = f"The search ended early, because {watch.why}." if watch.why else ""
        return ended, f"--seed {self.seed} --steps {steps} makes this plan again."


@dataclass(frozen=True)
class Answer:
    """A plan as it will be written, a line that sums it up, and all there is to say about it."""

    content: bytes
    summary: str
    explanation: tuple[str, ...]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Where the plan goes.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives another plan as good.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Search for so long at most.")
@click.option("--steps", type=click.IntRange(min=0), help="Search so many steps: the same plan on every machine.")
@click.option("--explain", "explained", is_flag=True, help="Say how good the plan is, and what it was made with.")
@click.option(
    "--option", default=1, show_default=True, type=click.IntRange(1, 3), help="For a repair: which way to take."
)
@click.option("--sessions", type=click.IntRange(1, 100), help="For a roster: how many sessions.")
@click.option(
    "--rounds",
    default="each-once",
    show_default=True,
    type=click.Choice(["each-once", "one"]),
    help="For a roster: everybody takes each role in a session, or there is time for one round.",
)
@click.option("--pairs", is_flag=True, help="For a roster: pairs with a tutor instead of fours.")
@click.option(
    "--even-fours",
    is_flag=True,
    help="For a roster: share seats in fours evenly, even where that costs repeats. "
    "A problem says it with the key “even_quads”: true.",
)
@click.option("--apart", multiple=True, metavar="“NAME, NAME”", help="For a roster: two people kept apart. Repeatable.")
def plan(
    *,
    file: Path,
    out: Path,
    seed: int,
    seconds: float | None,
    steps: int | None,
    explained: bool,
    option: int,
    sessions: int | None,
    rounds: str,
    pairs: bool,
    even_fours: bool,
    apart: Sequence[str],
) -> None:
    """Plan who sits with whom, in which role, when: from FILE into another file.

    FILE is a roster (CSV, or a list of names), which needs --sessions, and becomes a table of all rounds; or a
    problem in the format triad-instance/1 (JSON). Ctrl+C stops the search and keeps the best plan so far.
    Exits with 2 if FILE cannot be understood, and with 3 and the reasons if there is no such plan.
    """
    content = _content(file)
    if not out.parent.is_dir():
        _refuse(f"{out}: there is no folder {out.parent}")
    limits = Limits(seed, steps, seconds)
    try:
        if file.suffix.casefold() == ".json":
            answer = _instance_planned(read_instance(_text(content)), limits, option)
        elif sessions is None:
            _refuse(f"{file}: say how many sessions the plan is for, with --sessions")
        else:
            turning = Turning.ONE_ROUND if rounds == "one" else Turning.CLIENT_RESTS
            remainder = Remainder.PAIRS_WITH_TUTORS if pairs else Remainder.QUADS
            roster = read_roster(
                content,
                sessions=sessions,
                apart=apart,
                turning=turning,
                remainder=remainder,
                even_quads=even_fours,
            )
            answer = _roster_planned(roster, limits)
    except (Malformed, Unclear) as unclear:
        _refuse(f"{file}: {unclear}")
    except Undividable as impossible:
        click.echo(str(impossible), err=True)
        sys.exit(IMPOSSIBLE)
    _write(out, answer.content)
    click.echo(f"{answer.summary} Written to {out}.")
    if explained:
        click.echo("\n".join(answer.explanation))


def _instance_planned(instance: Instance, limits: Limits, option: int) -> Answer:
    problem = instance.problem
    course = problem.course if isinstance(problem, RepairProblem) else problem
    names = {person: person for person in course.people}
    passed_over = tuple(f"Passed over, because nobody here knows it: “{key}”." for key in instance.unread)
    made: Plan | WeekPlan
    if isinstance(problem, CourseProblem):
        made, summary, said = _course_planned(problem, names, instance.sessions, limits)
    elif isinstance(problem, RepairProblem):
        made, summary, said = _repaired(problem, instance.sessions, limits, option)
    else:
        made, summary, said = _week_matched(problem, limits)
    document = json.dumps(plan_document(instance, made), ensure_ascii=False, separators=(",", ":"))
    return Answer(document.encode() + b"\n", summary, (*said, *passed_over))


def _roster_planned(roster: Roster, limits: Limits) -> Answer:
    sessions = [str(number) for number in range(1, len(roster.problem.present) + 1)]
    dates = [f"session {number}" for number in sessions]
    made, summary, said = _course_planned(roster.problem, roster.names, dates, limits)
    return Answer(rota(made, sessions, roster.names), summary, (*said, *roster.notes))


Made = tuple[Plan, str, tuple[str, ...]]
"""A plan, the sentence that sums it up, and the explanation."""


def _course_planned(problem: CourseProblem, names: Mapping[Person, str], dates: Sequence[str], limits: Limits) -> Made:
    steps = limits.effort(USUAL.moves(problem))
    plain = len(set(problem.present)) == 1 and not problem.apart and not problem.together
    watch = limits.watch(SECONDS if plain else WITH_RULES)
    with watch.over(steps, lambda: _repeating(bounds(problem).least_repeats)):
        made = plan_course(problem, seed=limits.seed, effort=Effort.exactly(steps), progress=watch)
    if isinstance(made, NoPlan):
        _impossible(made, names, dates)
    found = explain(problem, made)
    notes = [f"{heading}. {sentence}" for heading, sentence in (say_note(note, names, dates) for note in found.notes)]
    ended, again = limits.said(watch, made.steps)
    shares = (found.shares,) if found.shares else ()
    return made, f"{found.verdict} {ended}".strip(), (found.roles, *shares, *notes, again)


def _repaired(problem: RepairProblem, dates: Sequence[str], limits: Limits, which: int) -> Made:
    names = {person: person for person in problem.course.people}
    steps = limits.effort(STEPS)
    watch = limits.watch()
    with watch.over(steps, lambda: _repeating(0)):
        options = repair(problem, seed=limits.seed, steps=steps, progress=watch)
    if isinstance(options, NoPlan):
        _impossible(options, names, dates)
    if which > len(options):
        _refuse(
            f"--option {which}: this plan can be mended in {len(options)} {'way' if len(options) == 1 else 'ways'} only"
        )
    ended, again = limits.said(watch, options[0].plan.steps)
    said = [
        f"{'*' if number == which else ' '} {number}. {' '.join(say_option(option, names, dates))}"
        for number, option in enumerate(options, 1)
    ]
    return options[which - 1].plan, f"{say_option(options[which - 1], names, dates)[0]} {ended}".strip(), (*said, again)


def _week_matched(problem: WeekProblem, limits: Limits) -> tuple[WeekPlan, str, tuple[str, ...]]:
    steps = limits.effort(USUAL_WEEK.steps)
    watch = limits.watch(WEEK)
    with watch.over(steps, lambda: lambda placed, most: f"{placed} people placed so far, {most} at most"):
        made = plan_week(problem, seed=limits.seed, effort=WeekEffort(steps, USUAL_WEEK.nodes), progress=watch)
    proven, ended_again = made.limits, limits.said(watch, made.steps)
    most = "no plan can place more" if made.placed == proven.most_placed else f"{proven.most_placed} at most could"
    names = {person: person for person in problem.people}
    waiting = [say_unplaced_of(one, names, {slot.id: slot.id for slot in problem.slots}) for one in made.unplaced]
    figures = (
        f"{made.repeats} meetings repeat{_at_least(made.repeats, proven.least_repeats)}.",
        f"{made.odd} groups are not triads{_at_least(made.odd, proven.least_odd)}.",
    )
    summary = f"{made.placed} of {len(problem.people)} people have a place; {most}. {ended_again[0]}".strip()
    return made, summary, (*figures, *waiting, ended_again[1])


def _at_least(found: int, least: int | None) -> str:
    """What is proven about a number that should be small; least None means nothing yet."""
    if least is None:
        return "; whether fewer could is not known"
    return ", as few as can be" if found == least else f"; at least {least} must"


def _repeating(least: int) -> Saying:
    return lambda fewest: f"{fewest} repeats so far, {least} at least"


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as refused:
        _refuse(f"{file}: {refused.strerror}")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Malformed(f"this is not UTF-8 text, as JSON must be: {wrong}") from wrong


def _write(out: Path, content: bytes) -> None:
    """All of the file, or nothing: it is written beside and then takes the name. Pipes and devices are written to."""
    try:
        if out.exists() and not out.is_file():
            out.write_bytes(content)
            return
        beside = out.with_name(f".{out.name}.{os.getpid()}.part")
        try:
            beside.write_bytes(content)
            beside.replace(out)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as refused:
        _refuse(f"{out}: {refused.strerror}")


def _impossible(answer: NoPlan, names: Mapping[Person, str], dates: Sequence[str]) -> NoReturn:
    for clash in answer.clashes:
        click.echo(" ".join(say_clash(clash, names, dates)), err=True)
    sys.exit(IMPOSSIBLE)


def _refuse(sentence: str) -> NoReturn:
    click.echo(" ".join(sentence.split()), err=True)
    sys.exit(UNREADABLE)
