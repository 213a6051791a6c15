"""What changes for whom when a session's groups change, and until when such a change can be taken back unheard."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.said import listed

Member = TypeVar("Member", bound=Hashable)
Tutor = TypeVar("Tutor", bound=Hashable)


class Scope(StrEnum):
    """Which sessions a repair is about, and who is to have a place in them."""

    DATE = "date"  # these people can't come on one date
    ONWARDS = "onwards"  # nor on any date after it
    LEAVER = "leaver"  # they leave the cohort: the same, and they see nothing of it any more
    NEWCOMER = "newcomer"  # they are to have a fair place from that date on

    @property
    def goes_on(self) -> bool:
        """Whether every session from the chosen one on is meant."""
        return self is not Scope.DATE


class Why(StrEnum):
    """Why a published plan has another version; never why somebody is away."""

    PUBLISHED = "published"
    DATE = "date"
    ONWARDS = "onwards"
    LEAVER = "leaver"
    NEWCOMER = "newcomer"
    PAIR = "pair"  # two work as a pair, and a tutor observes
    MOVED = "moved"  # one group meets at another time
    ROUNDS = "rounds"  # another number of rounds
    RETURNED = "returned"  # back to an earlier version, after people had heard of the later one


@dataclass(frozen=True)
class Sitting(Generic[Member, Tutor]):
    """A group as it sits in one session: `rota` has what everybody is, round by round."""

    members: tuple[Member, ...]
    rota: tuple[Mapping[Member, Role], ...]
    room: str = ""
    tutor: Tutor | None = None

    def named(self, names: Mapping[Member, str]) -> str:
        """“Kit, Grace and Amara”."""
        return listed([names[member] for member in self.members])


class Way(StrEnum):
    """What is another for somebody; the first that holds."""

    COMES = "comes"
    GOES = "goes"
    PEOPLE = "people"  # they sit with others
    ROLES = "roles"  # with the same people, and somebody of them is something else
    ROOM = "room"
    TUTOR = "tutor"


@dataclass(frozen=True)
class Change(Generic[Member, Tutor]):
    """One person's place before and after; None where they had or have none."""

    member: Member
    way: Way
    was: Sitting[Member, Tutor] | None
    now: Sitting[Member, Tutor] | None

    def others(self, sitting: Sitting[Member, Tutor] | None) -> tuple[Member, ...]:
        """Whom they sit with there."""
        return tuple(one for one in sitting.members if one != self.member) if sitting else ()

    def said(self, names: Mapping[Any, str]) -> str:
        """“with Kit and Chloe → with Chloe, Marion observes”: what is another, without the person’s own name.

        `names` are those of members and tutors; a tutor who is not chosen yet (True) is “a tutor”.
        """
        if self.way is Way.ROLES:
            return f"stays {self._with_whom(self.now, names)}, in another order of roles"
        if self.way is Way.ROOM:
            return " → ".join(sitting.room or "no room" for sitting in (self.was, self.now) if sitting)
        return f"{self._with_whom(self.was, names)} → {self._with_whom(self.now, names)}"

    def _with_whom(self, sitting: Sitting[Member, Tutor] | None, names: Mapping[Any, str]) -> str:
        if sitting is None:
            return "no place"
        others = listed([names[one] for one in self.others(sitting)])
        watched = f", {names.get(sitting.tutor, 'a tutor')} observes" if sitting.tutor else ""
        return f"with {others}{watched}" if others else f"alone{watched}"


def changes(
    before: Sequence[Sitting[Member, Tutor]], after: Sequence[Sitting[Member, Tutor]]
) -> tuple[Change[Member, Tutor], ...]:
    """Everybody of one session for whom something is another, in the order they sat, newcomers last."""
    was, now = _places(before), _places(after)
    found = []
    for member in dict.fromkeys((*was, *now)):
        one, other = was.get(member), now.get(member)
        if (way := _way(one, other)) is not None:
            found.append(Change(member, way, one, other))
    return tuple(found)


ASKED_SINCE = (
    "A guest has been asked to one of these sessions since. Change its groups as they are now, or call the guest off "
    "first."
)


def may_undo(
    *, undone: bool, newest: bool, stands: bool, begun: bool, heard: bool, guest: bool = False
) -> Refusal | None:
    """Whether a change may be taken back so that nobody ever hears of it.

    `newest`: no version came after it; `stands`: the groups are still as it left them; `begun`: one of its sessions
    has begun; `heard`: a letter about it may have been read; `guest`: somebody from outside was asked to one since, or
    has said yes, so that they would hear of it.
    """
    reasons = (
        (undone, "This has been taken back already."),
        (begun, "One of these sessions has begun, so its groups stay as they are."),
        (guest, ASKED_SINCE),
        (not (newest and stands), "Something else has changed since, so this can’t be taken back by itself any more."),
        (heard, "People have had letters about this. Go back to how it was, and they hear of that."),
    )
    return next((Refusal.because(sentence) for holds, sentence in reasons if holds), None)


def _places(sittings: Iterable[Sitting[Member, Tutor]]) -> dict[Member, Sitting[Member, Tutor]]:
    return {member: sitting for sitting in sittings for member in sitting.members}


def _way(was: Sitting[Member, Tutor] | None, now: Sitting[Member, Tutor] | None) -> Way | None:
    if was is None or now is None:
        return Way.COMES if was is None else Way.GOES
    differs = (
        (set(was.members) != set(now.members), Way.PEOPLE),
        (was.rota != now.rota, Way.ROLES),
        (was.room != now.room, Way.ROOM),
        (was.tutor != now.tutor, Way.TUTOR),
    )
    return next((way for differ, way in differs if differ), None)
