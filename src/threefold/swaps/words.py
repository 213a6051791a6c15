"""What it would mean if a place changed hands, as sentences: what it costs is said plainly, and nothing is blamed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from threefold.core.availability import How
from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role
from threefold.core.said import day, duration, listed, number
from threefold.core.standing import Effects, Place, effects
from threefold.core.swaps import Kind, Over, Request, Way
from threefold.swaps.picture import Picture

TELL = "tell"
TIMES = {3: "a third time", 4: "a fourth time", 5: "a fifth time", 6: "a sixth time"}


@dataclass(frozen=True)
class Card:
    """One thing that somebody can do: its value on the form, what it is called, what follows, what its button says."""

    value: str
    title: str
    words: str
    button: str
    tag: str = ""
    asks: str = ""  # whom, where it asks somebody
    by: datetime | None = None


@dataclass(frozen=True)
class Said:
    """How somebody is spoken of: by the pronouns they gave, or else by name."""

    name: str
    pronouns: str

    @property
    def _word(self) -> str:
        first = self.pronouns.replace("/", " ").split()
        return first[0].lower() if first and first[0].lower() in {"he", "she", "they"} else ""

    @property
    def would(self) -> str:
        return f"{self._word.capitalize()}’d" if self._word else f"{self.name} would"

    @property
    def will(self) -> str:
        return f"{self._word.capitalize()}’ll" if self._word else f"{self.name} will"

    @property
    def object(self) -> str:
        return {"he": "him", "she": "her", "they": "them"}.get(self._word, self.name)

    def free(self, how: How, nth: str) -> str:
        """What they said of a day, such as "He’s said he’s free on the 15th"."""
        if how is How.UNKNOWN:
            return f"We don’t know whether the {nth} suits {self.object}"
        said = {"he": "He’s", "she": "She’s", "they": "They’ve"}.get(self._word, f"{self.name} has")
        if how is How.IF_NEEDED:
            return f"{said} said the {nth} would do, if needed"
        is_ = {"he": "he’s", "she": "she’s", "they": "they’re"}.get(self._word)
        return f"{said} said {is_} free on the {nth}" if is_ else f"{said} said the {nth} is free"


def said(picture: Picture, person: Person) -> Said:
    return Said(picture.called(person), picture.faces[person].pronouns)


def nth(at: datetime, zone: str) -> str:
    """15th"""
    number = at.astimezone(ZoneInfo(zone)).day
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def value_of(asked: Person, in_return: UUID | None) -> str:
    """How the form names who is asked, and for what."""
    return f"{Kind.SWAP}-{in_return}" if in_return else f"{Kind.COVER}-{asked}"


# --- before somebody is asked -----------------------------------------------------------------------------------


def cards(picture: Picture, place: Place, ways: Iterable[Way], *, late: bool) -> tuple[Card, ...]:
    """Everything that can be done about a place, the fairest first and letting the tutor know last."""
    return (*(_asking(picture, place, way) for way in ways), _telling(picture, place, late=late))


def _asking(picture: Picture, place: Place, way: Way) -> Card:
    who, zone = said(picture, way.member), picture.cohort.zone
    free = who.free(way.free, nth(picture.dates[place.practice].starts_at, zone))
    even = not way.effects.uneven
    if way.kind is Kind.SWAP and way.in_return:
        title, known = f"Ask {who.name} to swap weeks", way.free is not How.UNKNOWN
        words = [
            f"You’d come on {day(picture.dates[way.in_return.practice].starts_at, zone)} instead",
            f"{free}, and roles stay even for both of you" if even and known else free,
        ]
    else:
        title = f"Ask {who.name} to take your place"
        words = [f"{who.name} is on the standby list" if way.standby else free, _hours_after(picture, place)]
    words += costs(picture, way.effects, place.member, way.member)
    return Card(
        value_of(way.member, way.seat_in_return),
        title,
        ". ".join(words) + ".",
        f"Ask {who.name}",
        "Nothing lost for anyone" if way.in_return and way.effects.nothing_lost else "",
        who.name,
        way.answer_by,
    )


def _telling(picture: Picture, place: Place, *, late: bool) -> Card:
    tutor = said(picture, picture.tutors[0]) if picture.tutors else Said("your tutor", "")
    others = [picture.called(each) for each in picture.standing.others(place)]
    stays = f"{listed(others)} hear{'s' if len(others) == 1 else ''} once that’s settled" if others else ""
    waiting = picture.standing.standby.get(place.practice, ())
    asks = "We’ll ask those on the standby list one after the other" if late and waiting else ""
    words = [f"{tutor.will} see how the group goes on", stays, asks, _hours_after(picture, place, spare=True)]
    name = tutor.name
    return Card(TELL, f"Just let {name} know", ". ".join(filter(None, words)) + ".", f"Let {name} know")


def _hours_after(picture: Picture, place: Place, *, spare: bool = False) -> str:
    now = picture.minutes_planned(place.member)
    after = now - picture.dates[place.practice].minutes
    had = f"You’d have {after // 60} of your {now // 60} hours planned"
    if after % 60 or now % 60:
        had = f"You’d have {duration(after)} of your {duration(now)} planned"
    without = picture.dates_without(place.member)
    if not spare or not without:
        return had
    return f"{had}, and there {'is one date' if without == 1 else f'are {number(without)} dates'} you’re not down for"


def costs(picture: Picture, effects: Effects, you: Person, them: Person) -> Iterator[str]:
    """What is not as good as it was, one sentence each without its full stop; nobody but these two is said to lose."""
    for person in (you, them):
        subject = "You’d" if person == you else said(picture, them).would
        for times in sorted({times for pair, times in effects.often if person in pair}):
            names = sorted(_other(picture, pair, person) for pair, n in effects.often if n == times and person in pair)
            yield f"{subject} work with {listed(names)} {TIMES.get(times, 'once more')}"
        lost = sorted(_other(picture, pair, person) for pair in effects.lost if person in pair)
        if lost:
            yield f"{subject} not work with {listed(lost)} this term"
    if effects.uneven:
        both = len(effects.uneven) > 1
        whose = "for both of you" if both else "for you" if you in effects.uneven else f"for {picture.called(them)}"
        yield f"Turns would be less even {whose}"


def _other(picture: Picture, pair: Pair, person: Person) -> str:
    return picture.called(next(each for each in pair if each != person))


# --- before somebody answers --------------------------------------------------------------------------------------


def changes(picture: Picture, request: Request) -> tuple[tuple[str, bool], ...]:
    """What would change for whoever is asked: sentences, and whether each is a cost."""
    place = picture.standing.places[request.seat]
    other = picture.standing.places[request.in_return] if request.in_return else None
    you = request.asked
    found = effects(picture.standing, place, you, other)
    return (
        (_turns(picture, found, you), you in found.uneven),
        (_hours(picture, place, other, you), False),
        *_meetings(picture, found, you),
    )


def _turns(picture: Picture, found: Effects, you: Person) -> str:
    was = picture.standing.turns.get(you, {})
    counts = listed([str(found.turns[you][role]) for role in Role])
    if all(found.turns[you][role] == was.get(role, 0) for role in Role):
        return f"Your turns stay as they are: {counts} over the term"
    if you in found.uneven:
        return f"Your turns would be {counts} over the term"
    return f"Your turns stay even: {counts} over the term"


def _hours(picture: Picture, place: Place, other: Place | None, you: Person) -> str:
    now = picture.minutes_planned(you)
    after = now + picture.dates[place.practice].minutes - (picture.dates[other.practice].minutes if other else 0)
    if after == now:
        return f"Your hours stay at {duration(now)} planned"
    return f"You’d have {duration(after)} planned, {duration(abs(after - now))} {'more' if after > now else 'less'}"


def _meetings(picture: Picture, found: Effects, you: Person) -> Iterator[tuple[str, bool]]:
    firsts = sorted(_other(picture, pair, you) for pair in found.firsts if you in pair)
    lost = sorted(_other(picture, pair, you) for pair in found.lost if you in pair)
    if firsts:
        rest = "" if lost else "; everyone else you still meet"
        yield f"You’d work with {listed(firsts)} for the first time{rest}", False
    for times in sorted({times for pair, times in found.often if you in pair}):
        names = sorted(_other(picture, pair, you) for pair, n in found.often if n == times and you in pair)
        yield f"You’d work with {listed(names)} {TIMES.get(times, 'once more')}", True
    if lost:
        yield f"You’d not work with {listed(lost)} this term", True


# --- when it is over ----------------------------------------------------------------------------------------------


def over_for_asked(over: Over, asker: str, date: str, in_return: str) -> tuple[str, str]:
    """A heading and a sentence for whoever was asked. `date` and `in_return` are days; the latter may be ""."""
    return {
        Over.ACCEPTED: ("You’ve said yes", f"Thank you. You’re down for {date} now."),
        Over.DECLINED: ("You’ve said no thanks", f"That’s fine. {asker} sees only that it was a no."),
        Over.EXPIRED: ("The time to answer has passed", f"{asker} has been told, and no more is needed from you."),
        Over.TAKEN_BACK: (f"{asker} isn’t asking any more", "There’s nothing for you to do. Thank you for looking."),
        Over.HELD: ("That session has begun", "So there’s nothing to answer any more."),
        Over.CALLED_OFF: ("That session has been called off", "So nobody needs to swap, and there’s nothing to do."),
        Over.PASSED_ON: (
            f"{asker}’s place has been settled another way",
            "Everything stays as it was for you. Thank you for looking.",
        ),
        Over.GIVEN_UP: (
            "Your own place has changed since",
            f"You no longer have the place on {in_return} that would have been swapped, so this can’t be done any more."
            if in_return
            else "So this can’t be done any more.",
        ),
        Over.SITTING: ("You’re down for that session already", "So there’s nothing to swap, and nothing to do."),
        Over.NO_LONGER: (
            "This isn’t possible any more",
            "Something changed since you were asked. Everything stays as it was for you.",
        ),
    }[over]


def over_for_asker(over: Over, asked: str, date: str) -> tuple[str, str]:
    """The same for whoever asked; what next is beneath it on the page."""
    return {
        Over.ACCEPTED: (f"{asked} said yes", f"{asked} comes on {date}. Your letters and calendar say what’s new."),
        Over.DECLINED: (f"{asked} can’t", f"Your place on {date} is still yours."),
        Over.EXPIRED: (f"{asked} hasn’t answered in time", f"Your place on {date} is still yours."),
        Over.TAKEN_BACK: ("You’ve taken it back", f"{asked} needn’t answer, and your place on {date} is yours."),
        Over.HELD: ("That session has begun", "So there’s nothing to swap any more."),
        Over.CALLED_OFF: ("That session has been called off", "So there’s nothing to swap, and nothing to do."),
        Over.PASSED_ON: ("It has been settled another way", f"Your tutors have changed who comes on {date}."),
    }.get(over, ("This isn’t possible any more", f"Something changed since. Your place on {date} is as it was."))
