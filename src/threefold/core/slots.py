"""When a cohort meets: weekly patterns on the wall clock of its zone, and how a practice session divides into rounds.

A class at 18:30 stays at 18:30 when the clocks change (domain rule 43).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from threefold.core.refusal import Problem, Refusal

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MOST_SESSIONS = 60
MOST_MINUTES = 12 * 60
LONGEST_SEARCH = 3 * 53  # weeks looked through for the wanted number of dates


class Clock(StrEnum):
    """Whether a wall-clock time exists once on its date, or the clocks change around it."""

    USUAL = "usual"
    SKIPPED = "skipped"
    TWICE = "twice"


@dataclass(frozen=True)
class WeeklyPattern:
    """Every week on `weekday` (Monday is 0) at `start` in `zone` (an IANA name), `count` times from `first` on.

    Dates in `skip` are passed over and do not count.
    """

    zone: str
    weekday: int
    start: time
    minutes: int
    first: date
    count: int
    skip: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Slot:
    """One meeting: its number from 1, its local date, its moments in UTC, and what the clocks do to its start."""

    number: int
    date: date
    starts_at: datetime
    ends_at: datetime
    clock: Clock = Clock.USUAL


@dataclass(frozen=True)
class SessionShape:
    """Minutes of a practice session: so many rounds of practice and feedback, between a welcome and a close.

    `between` are minutes to move chairs from one round to the next.
    """

    rounds: int
    practice: int
    feedback: int
    opening: int = 0
    closing: int = 0
    between: int = 0


@dataclass(frozen=True)
class Round:
    """One round on the clock, in UTC: practice, then feedback until it ends. `number` counts from 1."""

    number: int
    starts_at: datetime
    feedback_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Fit:
    """How a shape sits in a slot for a group: `spare` minutes left (below 0: too long), and a sentence about it."""

    spare: int
    shape: SessionShape
    sentence: str


def check_pattern(
    zone: str,
    weekday: int | None,
    start: time | None,
    minutes: int | None,
    first: date | None,
    count: int | None,
    skip: frozenset[date] = frozenset(),
) -> WeeklyPattern | Refusal:
    """A pattern, or every problem at once; None stands for what was left out or could not be read."""
    problems = [
        Problem(field, sentence)
        for field, is_wrong, sentence in (
            ("zone", not is_zone(zone), "Choose a time zone from the list"),
            ("weekday", weekday is None or not 0 <= weekday <= 6, "Choose the day you meet"),
            ("start", start is None, "Enter a start time like 18:30"),
            ("minutes", not _within(minutes, 10, MOST_MINUTES), "Enter a length from 10 minutes to 12 hours"),
            ("first", first is None, "Enter the date of the first session, like 1 10 2026"),
            ("count", not _within(count, 1, MOST_SESSIONS), f"Enter a number of sessions from 1 to {MOST_SESSIONS}"),
        )
        if is_wrong
    ]
    if first is not None and weekday is not None and 0 <= weekday <= 6 and first.weekday() != weekday:
        problems.append(
            Problem("first", f"{in_words(first)} is a {WEEKDAYS[first.weekday()]}. Choose a {WEEKDAYS[weekday]}")
        )
    if problems or weekday is None or start is None or minutes is None or first is None or count is None:
        return Refusal(tuple(problems))
    pattern = WeeklyPattern(zone, weekday, start, minutes, first, count, skip)
    if len(dates(pattern)) < count:
        return Refusal.because("Too many dates are skipped to find this many sessions", "skip")
    return pattern


def is_zone(zone: str) -> bool:
    """True for a name in the IANA time zone database that stands for a place or UTC."""
    try:
        return bool(zone) and ZoneInfo(zone).key == zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def dates(pattern: WeeklyPattern) -> tuple[Slot, ...]:
    """The meetings of a pattern, in order; fewer than asked for only when three years of weeks hold no more."""
    days = (pattern.first + timedelta(weeks=week) for week in range(LONGEST_SEARCH))
    kept = [day for day in days if day not in pattern.skip][: pattern.count]
    return tuple(
        slot_on(day, pattern.start, pattern.minutes, pattern.zone, number) for number, day in enumerate(kept, 1)
    )


def slot_on(day: date, start: time, minutes: int, zone: str, number: int = 1) -> Slot:
    """A meeting on one date. Its length is real minutes, also on a night the clocks change.

    A time the clocks skip moves on by as much as they do (01:30 becomes 02:30); of a time that comes twice, the
    first is taken. `clock` says so, for the tutor to be asked.
    """
    starts_at, clock = moment(datetime.combine(day, start.replace(tzinfo=None)), zone)
    return Slot(number, day, starts_at, starts_at + timedelta(minutes=minutes), clock)


def moment(wall: datetime, zone: str) -> tuple[datetime, Clock]:
    """The UTC moment of a naive wall-clock time in a zone, and whether that time exists once (PEP 495)."""
    place = ZoneInfo(zone)
    local = wall.replace(tzinfo=place, fold=0)
    at = local.astimezone(UTC)
    if at.astimezone(place).replace(tzinfo=None) != wall:
        return at, Clock.SKIPPED
    return at, Clock.TWICE if local.utcoffset() != local.replace(fold=1).utcoffset() else Clock.USUAL


def check_shape(
    rounds: int | None,
    practice: int | None,
    feedback: int | None,
    opening: int | None,
    closing: int | None,
    between: int | None = 0,
) -> SessionShape | Refusal:
    """A shape, or every problem at once; None stands for what was left out or could not be read."""
    problems = tuple(
        Problem(field, sentence)
        for field, value, least, most, sentence in (
            ("rounds", rounds, 1, 12, "Enter a number of rounds from 1 to 12"),
            ("practice", practice, 1, 180, "Enter the minutes of practice in a round, from 1 to 180"),
            ("feedback", feedback, 0, 120, "Enter the minutes of feedback after a round, from 0 to 120"),
            ("opening", opening, 0, 240, "Enter the minutes for the welcome, from 0 to 240"),
            ("closing", closing, 0, 240, "Enter the minutes for the close, from 0 to 240"),
            ("between", between, 0, 60, "Enter the minutes between rounds, from 0 to 60"),
        )
        if not _within(value, least, most)
    )
    if problems or None in {rounds, practice, feedback, opening, closing, between}:
        return Refusal(problems)
    return SessionShape(rounds or 0, practice or 0, feedback or 0, opening or 0, closing or 0, between or 0)


def total_minutes(shape: SessionShape) -> int:
    """From the welcome to the end of the close."""
    return shape.opening + _all_rounds(shape) + shape.closing


def sentence(shape: SessionShape) -> str:
    """“3 rounds of 20 + 10 min feedback, with welcome and close: 2 h”."""
    around = [
        word
        for word, minutes in (
            ("welcome", shape.opening),
            ("breaks", shape.between * (shape.rounds - 1)),
            ("close", shape.closing),
        )
        if minutes
    ]
    rounds = "1 round" if shape.rounds == 1 else f"{shape.rounds} rounds"
    each = f"{shape.practice} + {shape.feedback} min feedback" if shape.feedback else f"{shape.practice} min"
    return f"{rounds} of {each}{', with ' if around else ''}{_listed(around)}: {duration(total_minutes(shape))}"


def duration(minutes: int) -> str:
    """“45 min”, “2 h”, “1 h 50”."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02}" if rest else f"{hours} h"


def round_times(starts_at: datetime, shape: SessionShape, rounds: int | None = None) -> tuple[Round, ...]:
    """When each round runs. More rounds than the shape has (a quad's four) share the same time between them."""
    cut = shape_for(shape, rounds or shape.rounds)
    step = cut.practice + cut.feedback + cut.between
    found = []
    for number in range(cut.rounds):
        begins = starts_at + timedelta(minutes=cut.opening + number * step)
        talk = begins + timedelta(minutes=cut.practice)
        found.append(Round(number + 1, begins, talk, talk + timedelta(minutes=cut.feedback)))
    return tuple(found)


def rounds_for(shape: SessionShape, size: int) -> int:
    """Rounds a group of `size` needs to give each member as many turns as counsellor as a triad's have.

    A shape of one or two rounds is the same for everyone: there turns even out over the term.
    """
    return shape.rounds // 3 * size if shape.rounds % 3 == 0 else shape.rounds


def shape_for(shape: SessionShape, rounds: int) -> SessionShape:
    """The same session with another number of rounds.

    Fewer keep their length and end sooner. More are cut to whole minutes within the same time, practice and
    feedback in the same proportion; what is left over goes to the close.
    """
    if rounds <= shape.rounds:
        return SessionShape(rounds, shape.practice, shape.feedback, shape.opening, shape.closing, shape.between)
    each = max(1, (_all_rounds(shape) - shape.between * (rounds - 1)) // rounds)
    feedback = min(each - 1, round(each * shape.feedback / (shape.practice + shape.feedback)))
    cut = SessionShape(rounds, each - feedback, feedback, shape.opening, shape.closing, shape.between)
    left = max(0, total_minutes(shape) - total_minutes(cut))
    return SessionShape(rounds, cut.practice, cut.feedback, cut.opening, cut.closing + left, cut.between)


def fits(shape: SessionShape, minutes: int, size: int = 3) -> Fit:
    """How the shape sits in a slot of `minutes` for a group of `size`."""
    cut = shape_for(shape, rounds_for(shape, size))
    spare = minutes - total_minutes(cut)
    if spare < 0:
        return Fit(spare, cut, f"That is {duration(-spare)} longer than the session’s {duration(minutes)}.")
    if cut.practice < shape.practice:
        return Fit(
            spare, cut, f"In a group of {size} there are {cut.rounds} rounds of {cut.practice} + {cut.feedback} min."
        )
    return Fit(spare, cut, f"{duration(spare)} to spare." if spare else "It fits exactly.")


def suggested_skips(first: date, last: date) -> tuple[tuple[date, str], ...]:
    """Dates a class in England or Wales may want to leave out, with the reason, in order; all of them suggestions.

    Bank holidays are the yearly ones with their substitute days (Banking and Financial Dealings Act 1971), not
    those a government grants once. Half-terms are the weeks most English councils keep; centres differ.
    """
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        for monday in (_february_half_term(year), _last_monday(year, 5), _october_half_term(year)):
            found.update({monday + timedelta(days=day): "Half-term" for day in range(7)})
        found.update(bank_holidays(year))
    return tuple((day, found[day]) for day in sorted(found) if first <= day <= last)


def bank_holidays(year: int) -> dict[date, str]:
    """The year's bank holidays in England and Wales."""
    sunday = easter(year)
    christmas = date(year, 12, 25)
    # A holiday on a weekend moves to the next weekday that is none; Christmas and Boxing Day push each other on.
    return {
        _next_weekday(date(year, 1, 1)): "New Year’s Day",
        sunday - timedelta(days=2): "Good Friday",
        sunday + timedelta(days=1): "Easter Monday",
        _first_monday(year, 5): "Early May bank holiday",
        _last_monday(year, 5): "Spring bank holiday",
        _last_monday(year, 8): "Summer bank holiday",
        christmas if christmas.weekday() < 5 else date(year, 12, 27): "Christmas Day",
        date(year, 12, 28 if christmas.weekday() in {4, 5} else 26): "Boxing Day",
    }


def easter(year: int) -> date:
    """Easter Sunday, by the Gregorian computus (Meeus, Jones and Butcher)."""
    golden, century, in_century = year % 19, year // 100, year % 100
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leaps, rest = divmod(in_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leaps - epact - rest) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def in_words(day: date) -> str:
    """“1 October 2026”."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _within(value: int | None, least: int, most: int) -> bool:
    return value is not None and least <= value <= most


def _all_rounds(shape: SessionShape) -> int:
    return shape.rounds * (shape.practice + shape.feedback) + (shape.rounds - 1) * shape.between


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _first_monday(year: int, month: int) -> date:
    return date(year, month, 1) + timedelta(days=-date(year, month, 1).weekday() % 7)


def _last_monday(year: int, month: int) -> date:
    end = date(year, month, 31)
    return end - timedelta(days=end.weekday())


def _next_weekday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def _february_half_term(year: int) -> date:
    middle = date(year, 2, 17)
    return middle - timedelta(days=middle.weekday())


def _october_half_term(year: int) -> date:
    """The last Monday whose Friday is not past 1 November."""
    friday = date(year, 11, 1) - timedelta(days=(date(year, 11, 1).weekday() - 4) % 7)
    return friday - timedelta(days=4)
