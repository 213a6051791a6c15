"""A round as it was held: its people, its time, everybody's words on it, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from threefold.core import feedback as rules
from threefold.core.feedback import Kind, Rating, Release
from threefold.core.roles import Role, RoleLabels
from threefold.core.sampling import Looking, asked_for
from threefold.core.slots import Round

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Party:
    """Somebody in a round. `away`: they said beforehand that they can't make it, had left the group by then, or were
    there for nothing of the round; nothing is asked of them. `is_tutor`: a tutor who observes, asked to where a pair
    has nobody else; any other tutor of the cohort may drop in and write, and then `visits`. `is_guest`: a client from
    outside, who has no membership and answers the four questions on a page of their own; `member` is then the guest's
    own id.

    `first`: what they are called here; more than the first name where two in the round share it.
    """

    member: UUID
    name: str
    first: str
    role: Role
    away: bool = False
    is_tutor: bool = False
    visits: bool = False
    is_guest: bool = False


@dataclass(frozen=True)
class Sent:
    """One person's piece as it was sent; `skipped_at` if the counsellor chose not to reflect."""

    id: UUID
    author: UUID
    kind: Kind
    words: Mapping[str, str]
    ratings: tuple[Rating, ...]
    sent_at: datetime
    changed_at: datetime | None = None
    skipped_at: datetime | None = None
    flagged: int = 0


@dataclass(frozen=True)
class Held:
    """A round: its people, its time, and the pieces that have come in."""

    triad_id: UUID
    cohort_id: UUID
    cohort: str
    zone: str
    labels: RoleLabels
    looking: Looking
    practice_id: UUID
    practice_number: int
    starts_at: datetime  # of the practice session
    clock: Round
    people: tuple[Party, ...]
    pieces: tuple[Sent, ...]
    opened_at: datetime | None
    cleared_at: datetime | None
    turn: int  # how many rounds the counsellor has counselled this term with this one
    focus: str | None  # the competency of what they took along from the round before, if they named one
    took_place: bool = True  # as far as is known: once it has run, it had a counsellor and a client

    @property
    def number(self) -> int:
        return self.clock.number

    @property
    def path(self) -> str:
        return f"/feedback/{self.triad_id}/{self.number}"

    @property
    def letter(self) -> str:
        """What makes the letter about this round unique: one a session for each counsellor."""
        return f"feedback-ready:{self.counsellor.member}:{self.practice_id}"

    @property
    def counsellor(self) -> Party:
        return next(one for one in self.people if one.role is Role.COUNSELLOR)

    @property
    def client(self) -> Party | None:
        return next((one for one in self.people if one.role is Role.CLIENT), None)

    @property
    def observers(self) -> tuple[Party, ...]:
        return tuple(one for one in self.people if one.role is Role.OBSERVER)

    @property
    def is_on(self) -> bool:
        """A round without its counsellor, or without a client, is not held, and nobody is asked about it."""
        return not self.counsellor.away and self.took_place

    @property
    def stands(self) -> bool:
        """Whether there is something to ask for or to read: what was given stays, whatever is noted afterwards."""
        return self.is_on or bool(self.pieces)

    def asks(self, party: Party) -> bool:
        """Whether anything is asked of somebody in this round."""
        return self.is_on and not party.away

    def shows(self, party: Party, now: datetime) -> bool:
        """Whether the round has begun and is anything to somebody: to be written about, or with words to read."""
        reads = party.role is Role.COUNSELLOR and bool(self.sent) and self.release(now).is_open
        return self.has_begun(now) and (self.asks(party) or reads or self.piece_of(party.member) is not None)

    @property
    def asked(self) -> tuple[str, ...]:
        """Which competencies this round is looked at for."""
        return asked_for(self.looking.codes, self.turn, self.focus)

    @property
    def expected(self) -> tuple[str, ...]:
        """Who is asked for a piece beside the counsellor."""
        return tuple(
            str(one.member)
            for one in self.people
            if self.is_on and one.role is not Role.COUNSELLOR and not one.away and not one.visits
        )

    @property
    def reachable(self) -> tuple[str, ...]:
        """Who of them can be asked again: a guest has their own page, and is left in peace."""
        guests = {str(one.member) for one in self.people if one.is_guest}
        return tuple(one for one in self.expected if one not in guests)

    @property
    def sent(self) -> dict[str, datetime]:
        return {str(piece.author): piece.sent_at for piece in self.pieces if piece.kind is not Kind.SELF}

    @property
    def own(self) -> Sent | None:
        """The counsellor's reflection or skip."""
        return next((piece for piece in self.pieces if piece.kind is Kind.SELF), None)

    def party(self, member: UUID) -> Party | None:
        return next((one for one in self.people if one.member == member), None)

    def piece_of(self, member: UUID) -> Sent | None:
        return next((piece for piece in self.pieces if piece.author == member), None)

    def has_begun(self, now: datetime) -> bool:
        return rules.begun(self.clock.starts_at, now)

    def release(self, now: datetime) -> Release:
        """Whether the words are open. A harm cue that came after everything had opened holds nothing back."""
        plain = self._release(now)
        flagged = any(
            piece.flagged and (plain.opened_at is None or piece.sent_at <= plain.opened_at) for piece in self.pieces
        )
        found = self._release(now, flagged=True) if flagged else plain
        if self.opened_at is not None and not found.is_open:
            return Release(self.opened_at, self.opened_at)  # what has been read cannot be closed again
        return found

    def _release(self, now: datetime, *, flagged: bool = False) -> Release:
        return rules.release(
            ended_at=self.clock.ends_at,
            now=now,
            reflected_at=self.own.sent_at if self.own else None,
            expected=self.expected,
            sent=self.sent,
            flagged=flagged,
            cleared_at=self.looked_at,
        )

    @property
    def looked_at(self) -> datetime | None:
        """When a tutor looked at what got in the way; None again when a cue has come in or been added since."""
        last = max((piece.changed_at or piece.sent_at for piece in self.pieces if piece.flagged), default=None)
        return self.cleared_at if last is None or (self.cleared_at and self.cleared_at >= last) else None

    @property
    def is_held_back(self) -> bool:
        """Whether something got in the way that no tutor has looked at yet."""
        return self.looked_at is None and any(piece.flagged for piece in self.pieces)

    def told_at_latest(self, now: datetime) -> datetime | None:
        """By when the counsellor is told that it opens; None where there is nothing to be told."""
        own = self.own.sent_at if self.own else None
        return rules.told_at_latest(ended_at=self.clock.ends_at, now=now, reflected_at=own)

    @property
    def will_open_at(self) -> datetime | None:
        """When the words open if nothing more comes in; None before the counsellor has reflected or skipped."""
        return self.release(END_OF_TIME).opened_at if self.own else None
