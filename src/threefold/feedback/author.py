"""A form in front of its author: who reaches it, and what stands on it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core import observation
from threefold.core.competency import Competency, Framework
from threefold.core.feedback import (
    CLIENT_ANSWERS,
    CLIENT_QUESTIONS,
    MOVED,
    NOT_SEEN,
    RATHER_NOT,
    RATHER_NOT_SAY,
    Kind,
    asked_of,
    may_change,
)
from threefold.core.observation import Note
from threefold.feedback import actions, forms
from threefold.feedback.actions import Desk
from threefold.observation.queries import record_of
from threefold.store.rounds import Held, looked_for, of_round
from threefold.store.sessions import Me
from threefold.store.within import InTriad, NotYours
from threefold.web.access import triad_for
from threefold.web.errors import Gone
from threefold.web.visit import Visit

CANCELLED = "This practice session was cancelled, so there is nothing to send."


@dataclass(frozen=True)
class Writing:
    """A form in front of its author: whom it is about, what is asked, and what has been written so far."""

    within: InTriad
    held: Held
    kind: Kind
    framework: Framework
    asked: tuple[Competency, ...]
    desk: Desk
    focus: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def member(self) -> UUID:
        return self.within.membership.id

    @property
    def about(self) -> str:
        return self.held.counsellor.first

    @property
    def is_sent(self) -> bool:
        piece = self.held.piece_of(self.member)
        return piece is not None and piece.skipped_at is None

    @property
    def is_closed(self) -> bool:
        """Whether the counsellor has opened this piece, so that it can only be added to."""
        return self.held.piece_of(self.member) is not None and not may_change(self.held.opened_at)

    @property
    def steps(self) -> int:
        """One page for each competency and one for the two sentences."""
        return len(self.asked) + 1

    @property
    def minutes(self) -> int:
        return int((self.held.clock.feedback_at - self.held.clock.starts_at).total_seconds()) // 60

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        return tuple((question.code, question.words) for question in CLIENT_QUESTIONS)

    @property
    def client_options(self) -> list[tuple[str, str]]:
        return [*((str(level), CLIENT_ANSWERS[level]) for level in (1, 2, 3, 4)), (RATHER_NOT, RATHER_NOT_SAY)]

    @property
    def moved(self) -> list[tuple[str, str]]:
        """The answers to whether what was taken along moved."""
        return list(MOVED.items())

    def levels(self, competency: Competency) -> list[tuple[str, str, str]]:
        """The levels to choose from, each told by what is seen in the room; "not seen" is always there."""
        found = [(str(n), self.framework.levels[n], competency.anchors[n]) for n in sorted(self.framework.levels)]
        return [*found, (NOT_SEEN, self.framework.not_seen, "")]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(competency.code for competency in self.asked)

    @property
    def live(self) -> str:
        """Where the notes of this round are."""
        return f"/observation/{self.held.triad_id}/{self.held.number}"

    def noted(self, competency: Competency) -> list[tuple[str, Note]]:
        """The live notes that may be picked as moments here, in the order they were made, each as the moment it makes.

        Words noted under no competency may belong to any.
        """
        here = [note for note in self.notes if note.code == competency.code]
        here += [note for note in self.notes if note.code is None]
        return [*{observation.moment(note): note for note in here}.items()]

    @property
    def beside(self) -> list[tuple[str, str]]:
        """What was stamped under a competency that has no page of its own today: its label and the moment."""
        found = (
            (self.framework.of(note.code or ""), note) for note in self.notes if note.code not in {None, *self.codes}
        )
        return [(other.short if other else "", observation.moment(note)) for other, note in found]

    def written(self, competency: Competency) -> list[str]:
        """The moments that are no live note's."""
        noted = {moment for moment, _ in self.noted(competency)}
        return [moment for moment in self.all_said(f"{competency.code}.moment") if moment not in noted]

    def said(self, name: str) -> str:
        return forms.first(self.desk.fields, name)

    def all_said(self, name: str) -> tuple[str, ...]:
        return forms.every(self.desk.fields, name)

    def chosen(self, competency: Competency) -> str:
        """The level chosen so far, in words; "" for none."""
        options = {value: label for value, label, _ in self.levels(competency)}
        return options.get(
            "1" if self.all_said(f"{competency.code}.cue") else self.said(f"{competency.code}.level"), ""
        )

    def shown(self, name: str, value: str) -> tuple[str, str]:
        """A field and its value in the words people read, for showing two versions beside each other."""
        code, _, part = name.partition(".")
        competency = self.framework.of(code)
        labels = {
            "helped": "One thing that helped" if self.kind is Kind.OBSERVER else "One thing you’d keep",
            "to_try": "One thing to try next",
            "for_tutor": "For your tutor alone",
            "moved": "Did it move?",
            "did": f"One thing {self.about} did",
            **dict(self.questions),
        }
        if competency is None:
            chosen = MOVED if name == "moved" else {} if name == "did" else dict(self.client_options)
            return labels.get(name, name), chosen.get(value, value)
        cues = {cue.code: cue.sentence for cue in competency.cues}
        options = {key: label for key, label, _ in self.levels(competency)}
        words = {"level": options.get(value, value), "cue": cues.get(value, value)}.get(part, value)
        what = {"moment": ", a moment", "cue": ", what got in the way", "said": ", what was said"}.get(part, "")
        return f"{competency.short}{what}", words


# --- reaching a round -----------------------------------------------------------------------------------------


def arrive(visit: Visit, db: Session, me: Me, triad_id: UUID, number: int) -> tuple[InTriad, Held]:
    """The round, for those who sit in it and the tutors. One that was cancelled says so, with every word given back."""
    within = triad_for(db, me, triad_id)
    held = of_round(db, within, number, visit.now)
    if within.practice.cancelled_at is not None:
        typed = visit.typed or actions.desk_of(db, held, within.membership.id).fields
        raise Gone("feedback/cancelled.html", CANCELLED, held=held, typed=forms.own_words(typed))
    return within, held


def writing(visit: Visit, triad_id: UUID, number: int, *kinds: Kind) -> Callable[[Session, Me], Writing]:
    """The asker's form on a round that has begun; NotYours for anybody who isn't asked for a piece."""

    def work(db: Session, me: Me) -> Writing:
        within, held = arrive(visit, db, me, triad_id, number)
        party = held.party(within.membership.id)
        drops_in = party is None and within.is_tutor  # any tutor may be a second observer
        if party is None and not drops_in:
            raise NotYours
        if not held.has_begun(visit.now):
            raise NotYours
        wanted = held.asks(party) if party else held.is_on
        if not wanted and held.piece_of(within.membership.id) is None:
            raise NotYours
        kind = asked_of(party.role) if party else Kind.OBSERVER
        if kinds and kind not in kinds:
            raise NotYours
        framework, asked = looked_for(db, held)
        page = Writing(within, held, kind, framework, asked, actions.desk_of(db, held, within.membership.id))
        return with_notes(db, page) if kind is Kind.OBSERVER else page

    return work


def with_notes(db: Session, page: Writing) -> Writing:
    """The observer's form with their live notes: what they stamped beside what was asked for has a page too."""
    notes = tuple(reversed(record_of(db, page.held, page.member).shown))
    codes = observation.looked_at(
        page.codes,
        [note.code for note in notes if note.code],
        {forms.stem(name) for name, value in page.desk.fields if value.strip()},
        page.held.looking.codes,
        observation.MOST_PAGES,
    )
    asked = tuple(one for code in codes if (one := page.framework.of(code)) is not None)
    return replace(page, asked=asked, notes=notes)
