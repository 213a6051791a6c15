"""What a phase of the clock is called, and what each of its people does in it: kind, short, and never a command."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from threefold.core.clock import FEEDBACK, Kind, Phase
from threefold.core.roles import Role, RoleLabels

SPEAKS = {Kind.SELF: Role.COUNSELLOR, Kind.CLIENT: Role.CLIENT, Kind.OBSERVER: Role.OBSERVER}
NAMES = {
    Kind.WELCOME: "Welcome",
    Kind.CONTRACTING: "Agreeing the round",
    Kind.PRACTICE: "Practice",
    Kind.CHANGE: "Changing over",
    Kind.CLOSE: "Close",
}
STOP = "You can stop the practice at any point, without saying why."


@dataclass(frozen=True)
class Company:
    """The people of one round, by first name; "" where there is none."""

    counsellor: str = ""
    client: str = ""
    observers: tuple[str, ...] = ()


def name(phase: Phase) -> str:
    """“Practice”; the four parts of the feedback are all “Feedback”."""
    return NAMES.get(phase.kind, "Feedback")


def detail(phase: Phase, labels: RoleLabels) -> str:
    """Who speaks in a part of the feedback: “Counsellor first”, “Client”, “Last word”."""
    if phase.kind is Kind.TUTOR:
        return "Last word"
    if phase.kind not in SPEAKS:
        return ""
    word = labels.of(SPEAKS[phase.kind]).capitalize()
    return f"{word} first" if phase.kind is Kind.SELF else word


def said(phase: Phase, labels: RoleLabels) -> str:
    """The whole of it, as it is read out when it begins: “Round 2. Feedback: counsellor first”."""
    more = detail(phase, labels)
    words = f"{name(phase)}: {more[0].lower()}{more[1:]}" if more else name(phase)
    return f"Round {phase.round}. {words}" if phase.round and phase.kind is not Kind.CHANGE else words


def minutes(length: timedelta) -> str:
    """“10 minutes”, “1 minute”, “2½ minutes”."""
    whole, rest = divmod(int(length.total_seconds()), 60)
    half = "½" if 15 <= rest < 45 else ""
    whole += rest >= 45
    number = f"{whole or ''}{half}" or "0"
    return f"{number} minute" if number in {"1", "½"} else f"{number} minutes"


def comes_next(phases: Sequence[Phase], place: int) -> tuple[int, str] | None:
    """What follows the phase at this place, where it stands, and how long it is, the whole feedback taken as one."""
    here = place
    if phases[place].kind in FEEDBACK:
        while here + 1 < len(phases) and phases[here + 1].kind in FEEDBACK:
            here += 1
    there = here + 1
    if there >= len(phases):
        return None
    length, kind = phases[there].length, phases[there].kind
    if kind in FEEDBACK:
        for phase in phases[there + 1 :]:
            if phase.kind not in FEEDBACK:
                break
            length += phase.length
    of = f"Round {phases[there].round}: " if kind is Kind.CONTRACTING else ""
    return there, f"{of}{name(phases[there]).lower() if of else name(phases[there])}, {minutes(length)}"


def order_of_speaking(mine: Role | None, company: Company) -> str:
    """“You speak first, then Kit, then Grace”."""
    turns = [
        (Role.COUNSELLOR, company.counsellor),
        (Role.CLIENT, company.client),
        *((Role.OBSERVER, observer) for observer in company.observers),
    ]
    called = ["you" if role is mine and not who else who for role, who in turns]
    if mine is Role.OBSERVER:
        called.append("you")
    there = [each for each in called if each]
    if not there:
        return ""
    first = "You speak" if there[0] == "you" else f"{there[0]} speaks"
    return ", then ".join([f"{first} first", *there[1:]])


def to_do(phase: Phase, mine: Role | None, company: Company) -> str:
    """What somebody does in a phase. Names are first names; their own is not used."""
    who = company.counsellor or "the counsellor"
    if phase.kind is Kind.WELCOME:
        return "Arrive, find your people and say hello. What you are in each round stands below."
    if phase.kind is Kind.CHANGE:
        return "Stretch, change chairs, and let the last round go."
    if phase.kind is Kind.CLOSE:
        return "Come back together. Leave what was brought where it is, and step out of any part you played."
    if mine is None:
        return "You have no part in this round. Rest, or watch quietly if the others like."
    return _TO_DO[phase.kind][mine].format(who=who, client=company.client or "your client")


_TO_DO: dict[Kind, dict[Role, str]] = {
    Kind.CONTRACTING: {
        Role.COUNSELLOR: "Say what you would like watched, how long you have, and a word with which either of you "
        "can stop.",
        Role.CLIENT: "Say roughly what you bring, and what you would rather leave out. Something small is enough. "
        f"{STOP}",
        Role.OBSERVER: "Hear what {who} would like watched, and sit where you see both.",
    },
    Kind.PRACTICE: {
        Role.COUNSELLOR: "Stay with {client}. Put this phone face down if you like: unless you turn the sound on, "
        "nothing will buzz or ring, and the room clock shows the same time.",
        Role.CLIENT: f"Be with what you bring, as much of it as you like. {STOP}",
        Role.OBSERVER: "Watch {who} and how it lands. Note a few moments, in {who}’s own words, and say nothing yet.",
    },
    Kind.SELF: {
        Role.COUNSELLOR: "You speak first. What went as you hoped? What would you do another way?",
        Role.CLIENT: "Listen to {who}. You speak next.",
        Role.OBSERVER: "Listen to {who}. Your turn comes after {client}.",
    },
    Kind.CLIENT: {
        Role.COUNSELLOR: "Listen to how it was for {client}. There is nothing to put right.",
        Role.CLIENT: "Say how it was to be with {who}, and leave what you talked about where it is.",
        Role.OBSERVER: "Listen to {client}. You speak next.",
    },
    Kind.OBSERVER: {
        Role.COUNSELLOR: "Listen to what was seen. Ask if you would like to hear more about a moment.",
        Role.CLIENT: "Listen. Nothing more is asked of you.",
        Role.OBSERVER: "Say what you saw and heard: first what helped, then one thing to try. Two or three moments "
        "are plenty. Your words are for {who}.",
    },
    Kind.TUTOR: {
        Role.COUNSELLOR: "A tutor who is with you speaks now. Then the last word is yours: one thing to keep, one "
        "to try.",
        Role.CLIENT: "{who} has the last word: one thing to keep, one to try.",
        Role.OBSERVER: "{who} has the last word: one thing to keep, one to try.",
    },
}
