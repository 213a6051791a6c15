"""Guest clients and actors: how much one person carries in a day, whom they meet, what they see, when a link ends.

An encounter is the practice part of one round, with the guest as its client. The limits are those a course keeps for
people who are paid or kind enough to be somebody else for an evening (PRACTICE §1.1, "Actor pack"): so many a day, ten
minutes to themselves after two in a row, nobody counselled by them twice, and a way out of the role afterwards.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import zip_longest
from zoneinfo import ZoneInfo

from threefold.core.address import check_email, check_name
from threefold.core.names import first_name
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock, day
from threefold.core.slots import moment

BREAK = timedelta(minutes=10)
IN_A_ROW = 2  # encounters, after which a break is due
RESTED = timedelta(minutes=30)  # so long apart, two are not in a row
USUAL_DAY, MOST_DAY = 3, 8  # encounters before the tutor is warned
LONGEST = timedelta(days=366)  # that a link works
MOST_BRIEF = 2000
CALLED_OFF = "This has been called off. There is nothing for you to do."
BEGUN = "This has begun already, so the answer stays as it is. Ring whoever invited you if you can’t come."


class Answer(StrEnum):
    """What a guest says when they are asked."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class Door(StrEnum):
    """Whether a guest's link opens."""

    OPEN = "open"
    EXPIRED = "expired"
    ENDED = "ended"


def door(*, expires_at: datetime, ended_at: datetime | None, now: datetime) -> Door:
    if ended_at is not None:
        return Door.ENDED
    return Door.OPEN if now < expires_at else Door.EXPIRED


def works_until(last: date | None, zone: str, now: datetime) -> datetime | Refusal:
    """The end of the last day on which a link works, on the wall clock of the cohort; at most a year ahead."""
    if last is None:
        return Refusal.because("Enter a date like 12 12 2026", "until")
    today = now.astimezone(ZoneInfo(zone)).date()
    if not today <= last <= today + LONGEST:
        return Refusal.because("Choose a day from today on, within a year", "until")
    return moment(datetime.combine(last + timedelta(days=1), time()), zone)[0]


def last_moment(expires_at: datetime) -> datetime:
    """When a link works for the last time: on the day a tutor chose, not at the midnight after it."""
    return expires_at - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom a tutor takes in, tidy, and until when their link works."""

    name: str
    email: str
    until: datetime


def invitation(name: str, email: str, last: date | None, zone: str, now: datetime) -> Invitation | Refusal:
    """What was typed as it counts, or everything that is to be put right."""
    called, address, until = check_name(name), check_email(email), works_until(last, zone, now)
    if isinstance(called, str) and isinstance(address, str) and isinstance(until, datetime):
        return Invitation(called, address, until)
    problems = [each for each in (called, address) if isinstance(each, Problem)]
    return Refusal((*problems, *(until.problems if isinstance(until, Refusal) else ())))


# --- how much one person carries --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meets:
    """One encounter of a guest: with which counsellor (a person), from when to when, in UTC."""

    counsellor: Hashable
    starts_at: datetime
    ends_at: datetime

    def on(self, zone: str) -> date:
        return self.starts_at.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True, slots=True)
class Pause:
    """Time to oneself after two in a row. `kept`: whether there are ten minutes before the next one begins."""

    starts_at: datetime
    ends_at: datetime
    kept: bool


def pauses(encounters: Iterable[Meets]) -> tuple[Pause, ...]:
    """The break after every second encounter in a row, in time order, also after the last one.

    Two are in a row with less than half an hour between them. Where a break is missing, the next encounter still
    counts into the row, and the break is due again after it.
    """
    found: list[Pause] = []
    row = 0
    ordered = sorted(encounters, key=lambda each: each.starts_at)
    for one, following in zip_longest(ordered, ordered[1:]):
        row += 1
        gap = following.starts_at - one.ends_at if following else RESTED
        if row >= IN_A_ROW:
            kept = gap >= BREAK
            found.append(Pause(one.ends_at, one.ends_at + (BREAK if kept else max(gap, timedelta())), kept))
            row = 0 if kept else row
        elif gap >= RESTED:
            row = 0
    return tuple(found)


def cannot_meet(new: Meets, others: Sequence[Meets], *, now: datetime, until: datetime, field: str) -> Refusal | None:
    """What holds whatever a tutor says: to come, while the link works, at one place at a time, nobody twice."""
    if new.starts_at <= now:
        sentence = "This round has begun. Choose one still to come."
    elif new.ends_at > until:
        sentence = "Their link ends before that. Choose an earlier round, or invite them until later."
    elif any(new.counsellor == each.counsellor for each in others):
        sentence = "They meet this counsellor already. A guest never works with the same counsellor twice."
    elif any(new.starts_at < each.ends_at and each.starts_at < new.ends_at for each in others):
        sentence = "They are asked to another round at that time. Nobody can be in two places."
    else:
        return None
    return Refusal.because(sentence, field)


def too_much(new: Sequence[Meets], others: Sequence[Meets], *, most_a_day: int, zone: str) -> tuple[str, ...]:
    """What would be a lot for one person: more in a day than was agreed, or no break after two in a row.

    Only what the new ones bring about is said; a tutor who knows better may go on.
    """
    every = [*others, *new]
    said = []
    for on in sorted({each.on(zone) for each in new}):
        count = sum(each.on(zone) == on for each in every)
        if count > most_a_day:
            said.append(f"That would make {count} encounters on {day(on)}; {most_a_day} a day was agreed.")
    missing_before = {each.starts_at for each in pauses(others) if not each.kept}
    said.extend(
        f"There would be no ten minutes to themselves after two in a row, at {clock(each.starts_at, zone)} on "
        f"{day(each.starts_at, zone)}."
        for each in pauses(every)
        if not each.kept and each.starts_at not in missing_before
    )
    return tuple(said)


# --- one encounter ----------------------------------------------------------------------------------------------


class Standing(StrEnum):
    """How an encounter stands now; the later ones win over the earlier."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CALLED_OFF = "called off"
    UNDER_WAY = "under way"
    STOPPED = "stopped"
    OVER = "over"
    UNANSWERED = "unanswered"  # it began without an answer


def standing(
    *,
    answer: str | None,
    off: bool,
    stopped: bool,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> Standing:
    """`off`: the tutor called it off, or its session is not held."""
    if off:
        return Standing.CALLED_OFF
    if answer == Answer.DECLINED:
        return Standing.DECLINED
    if stopped:
        return Standing.STOPPED
    if now < starts_at:
        return Standing.ACCEPTED if answer else Standing.ASKED
    if not answer:
        return Standing.UNANSWERED
    return Standing.UNDER_WAY if now < ends_at else Standing.OVER


AHEAD = frozenset({Standing.ASKED, Standing.ACCEPTED})
WAS_THERE = frozenset({Standing.UNDER_WAY, Standing.STOPPED, Standing.OVER})


def may_answer(now_is: Standing) -> Refusal | None:
    """Yes and no may be said, and changed, until the encounter begins."""
    if now_is is Standing.CALLED_OFF:
        return Refusal.because(CALLED_OFF)
    return None if now_is in AHEAD or now_is is Standing.DECLINED else Refusal.because(BEGUN)


def may_come_back(now_is: Standing, taken: str) -> Refusal | None:
    """Whether somebody may still say yes; `taken` is non-empty where another guest has the round by now."""
    return may_answer(now_is) or (Refusal.because(taken) if taken else None)


def counsellor_seen(name: str) -> str:
    """All that a guest ever learns of a trainee's name."""
    return first_name(name)


def guest_seen(name: str) -> str:
    """What trainees and letters call a guest."""
    return f"{first_name(name)} (guest)"


def minutes_held(now_is: Standing, starts_at: datetime, ends_at: datetime, stopped_at: datetime | None) -> int | None:
    """Whole minutes of an encounter that took place, for the invoice; None while it is still to come or under way."""
    if now_is is Standing.STOPPED and stopped_at is not None:
        return max(0, int((min(stopped_at, ends_at) - starts_at).total_seconds()) // 60)
    if now_is is Standing.OVER:
        return int((ends_at - starts_at).total_seconds()) // 60
    return None if now_is in {Standing.ACCEPTED, Standing.UNDER_WAY} else 0


# --- out of the role ----------------------------------------------------------------------------------------------

STEPS: Mapping[str, str] = {
    "name": "Say your own name aloud, and where you’re going after this.",
    "body": "Stand up, shake out your hands and shoulders, and breathe out slowly twice.",
    "leave": "Leave something of the person you played on the chair: a word, a gesture, a way of sitting.",
    "own": "My own way out of a role.",
}
TICK_ONE = "Tick what you did. One is enough, and your own way counts."


def stepped_out(ticked: Iterable[str]) -> tuple[str, ...] | Refusal:
    """The steps that were done, in their order."""
    chosen = frozenset(ticked)
    done = tuple(code for code in STEPS if code in chosen)
    return done or Refusal((Problem("steps", TICK_ONE),))


# --- what letters say ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What a letter says of one encounter. No name of anybody stands in it: mail is read in families and at work."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    where: str
    link: str


@dataclass(frozen=True, slots=True)
class Change:
    """One encounter of which something has to be said: `was` None for a new one, `now` None for one called off."""

    was: Said | None
    now: Said | None

    @property
    def at(self) -> datetime:
        return (self.was or self.now).starts_at  # type: ignore[union-attr] # one of the two is always there


def changes(told: Mapping[str, Said], stands: Mapping[str, Said], settled: Iterable[str] = ()) -> tuple[Change, ...]:
    """The difference between what a guest was told and what is so, in order of time.

    `stands`: the encounters ahead of them, by id. `settled`: those they know about without a letter, since they
    declined them or were there.
    """
    known = frozenset(settled)
    found = [
        Change(told.get(id), stands.get(id))
        for id in {**told, **stands}
        if id not in known and told.get(id) != stands.get(id)
    ]
    return tuple(sorted(found, key=lambda each: each.at))


def subject_of(found: Sequence[Change]) -> str:
    """What a letter about these is called; names nobody and no part that is played."""
    first = found[0]
    which = day(first.at, (first.was or first.now).zone)  # type: ignore[union-attr] # one of the two is always there
    if all(each.was is None for each in found):
        return f"Could you come as our guest on {which}?"
    if all(each.now is None for each in found):
        return f"Cancelled: your visit on {which}"
    return f"Changed: your visit on {which}"
