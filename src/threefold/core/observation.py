"""Observing live: the round's clock, notes stamped with its time, and how several devices' copies become one.

A note is made on the observer's own device under an id of its own and changed there, perhaps for an hour without a
signal. Copies are joined so that neither their order nor how often one arrives makes a difference: the higher edition
holds, and where two devices wrote the same edition, every line of both stays. Nothing here asks for, or has a place
for, what a client said.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from threefold.core.feedback import MOST_MOMENT
from threefold.core.slots import Round

OPENS_BEFORE = timedelta(minutes=15)
"""How long before the session its live pages open: early enough to be loaded where there is still a signal."""

STARTS_LATEST = timedelta(hours=12)
MOST_NOTES = 500
MOST_WORDS = MOST_MOMENT - 10
"""Words of a note, in characters: with its time and quotation marks around it, it still fits into a moment."""

MOST_PAGES = 4
"""How many competencies an observer rates: more would be filled in without thought."""

MOST_SECONDS = 6 * 60 * 60
MOST_EDITION = 1_000_000
HELPED, IN_THE_WAY = "helped", "in_the_way"
EFFECTS: Mapping[str, str] = {HELPED: "Helped", IN_THE_WAY: "Got in the way"}


@dataclass(frozen=True)
class Note:
    """Something noticed at so many `seconds` into the round, under a competency's `code` or none.

    `quoted`: the words are the counsellor's own. `edition` rises with each change. A removed note can come back
    until the feedback is opened.
    """

    id: UUID
    seconds: int
    code: str | None
    effect: str | None
    words: str
    quoted: bool
    edition: int
    noted_at: datetime
    removed_at: datetime | None = None


# --- the clock ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """When the talking of a round runs, as its observer's page counts it. `own`: they started it themselves;
    `shared`: the whole room follows one clock.
    """

    starts_at: datetime
    ends_at: datetime
    own: bool
    shared: bool = False

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    def has_begun(self, now: datetime) -> bool:
        return now >= self.starts_at

    def seconds_into(self, now: datetime) -> int:
        """Whole seconds since the start; 0 before it."""
        return min(MOST_SECONDS, max(0, int((now - self.starts_at).total_seconds())))

    def seconds_left(self, now: datetime) -> int:
        whole = int((self.ends_at - self.starts_at).total_seconds())
        return max(0, whole - self.seconds_into(now))


def clock(planned: Round, started_at: datetime | None, shared: tuple[datetime, datetime] | None = None) -> Clock:
    """The round's clock: the room's if somebody has started it (`core.clock.practice_of`), else from the observer's
    own start if they pressed it, else as planned.
    """
    if shared:
        return Clock(*shared, own=False, shared=True)
    begins = started_at or planned.starts_at
    return Clock(begins, begins + (planned.feedback_at - planned.starts_at), own=started_at is not None)


def started(before: datetime | None, pressed: datetime | None, session: datetime, now: datetime) -> datetime | None:
    """When the observer's own clock began: the latest press counts, whichever device it was on.

    A press outside the hours around its session, or in the future, is a device's clock gone wrong and is left out.
    """
    if pressed is None or not session - OPENS_BEFORE <= pressed <= min(now, session + STARTS_LATEST):
        return before
    return max(before or pressed, pressed)


def may_open(session_starts_at: datetime, now: datetime) -> bool:
    return now >= session_starts_at - OPENS_BEFORE


def closed(*, cancelled: bool, is_on: bool, opened: bool, about: str) -> str:
    """Why nothing more is taken on this round, or "". `opened`: the observer's own piece has been read."""
    if cancelled:
        return "This session was cancelled, so nothing is kept for it here."
    if not is_on:
        return f"{about} can’t make it, so this round isn’t held."
    if opened:
        return f"{about} has opened your feedback, so these notes are closed."
    return ""


# --- several copies of one note -------------------------------------------------------------------------------


def merged(one: Note, other: Note) -> Note:
    """The one note that two copies of it are; the same whichever comes first, and however often.

    A removal gives way to words of the same edition: what was removed can be removed again.
    """
    if one.edition != other.edition:
        return max(one, other, key=lambda note: note.edition)
    return Note(
        id=one.id,
        seconds=min(one.seconds, other.seconds),
        code=max(one.code or "", other.code or "") or None,
        effect=max(one.effect or "", other.effect or "") or None,
        words=_both(one.words, other.words),
        quoted=one.quoted and other.quoted,
        edition=one.edition,
        noted_at=min(one.noted_at, other.noted_at),
        removed_at=min(one.removed_at, other.removed_at) if one.removed_at and other.removed_at else None,
    )


def _both(one: str, other: str) -> str:
    if one == other:
        return one
    return "\n".join(sorted({line for line in (*one.split("\n"), *other.split("\n")) if line}))


@dataclass(frozen=True)
class Taken:
    """What is to be written of the notes that came in, and why others were not taken, each by its id."""

    changed: tuple[Note, ...]
    refused: Mapping[UUID, str]


def take(kept: Iterable[Note], new: Sequence[Note], codes: Collection[str], now: datetime) -> Taken:
    """Join what came in with what is kept. Each note stands for itself: one that is refused holds up no other."""
    together = {note.id: note for note in kept}
    before = dict(together)
    refused: dict[UUID, str] = {}
    for note in new:
        tidy = _tidied(note, now)
        sentence = _wrong(tidy, codes)
        if not sentence and note.id not in together and len(together) >= MOST_NOTES:
            sentence = f"There are {MOST_NOTES} notes on this round, which is as many as it can hold."
        if sentence:
            refused[note.id] = sentence
            continue
        there = together.get(note.id)
        together[note.id] = merged(there, tidy) if there else tidy
    changed = tuple(note for note in together.values() if before.get(note.id) != note)
    return Taken(changed, refused)


def _tidied(note: Note, now: datetime) -> Note:
    """Words without control characters, a quotation only where there are words, no moment from the future."""
    words = "".join(c for c in note.words if c.isprintable() or c in "\n\t\u200c\u200d\u200e\u200f").strip()
    return replace(
        note,
        words=words,
        quoted=note.quoted and bool(words),
        noted_at=min(note.noted_at, now),
        removed_at=min(note.removed_at, now) if note.removed_at else None,
    )


def _wrong(note: Note, codes: Collection[str]) -> str:
    if not 1 <= note.edition <= MOST_EDITION or not 0 <= note.seconds <= MOST_SECONDS:
        return "This note’s time couldn’t be read. Write its words into a new one."
    if note.removed_at is not None:
        return ""
    if note.code is not None and note.code not in codes:
        return "This isn’t looked for this term. Write its words into a new note."
    if note.effect is not None and note.effect not in EFFECTS:
        return "Choose “Helped” or “Got in the way”, or neither."
    if len(note.words) > MOST_WORDS:
        return f"Shorten this to {MOST_WORDS} characters. It has {len(note.words):,} now."
    if note.code is None and not note.words:
        return "Write a word or two first."
    return ""


# --- what becomes of notes ------------------------------------------------------------------------------------


def said(seconds: int) -> str:
    """07:20, the time into the round."""
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def moment(note: Note) -> str:
    """A note as a moment of the rating: its time with its words. A stamp without words is a moment by its time."""
    if note.words:
        return f"{said(note.seconds)} “{note.words}”" if note.quoted else f"{said(note.seconds)} {note.words}"
    return f"{said(note.seconds)} {EFFECTS[note.effect] if note.effect else 'Noticed'}"


def looked_at(
    asked: Sequence[str], noted: Sequence[str], rated: Collection[str], term: Sequence[str], most: int
) -> tuple[str, ...]:
    """Which competencies get a page of their own: those asked for, then what was stamped most, up to `most` in all.

    `noted`: the code of every note there is. What has been rated keeps its page even if its notes have gone.
    """
    others = [code for code in term if code not in asked and (code in rated or code in noted)]
    others.sort(key=lambda code: (code not in rated, -noted.count(code)))
    return (*asked, *others[: max(0, most - len(asked))])


def not_picked(notes: Iterable[Note], moments: Collection[str]) -> tuple[UUID, ...]:
    """The notes that went into no moment: private to their author, and gone once the feedback has been opened."""
    return tuple(note.id for note in notes if note.removed_at is not None or moment(note) not in moments)
