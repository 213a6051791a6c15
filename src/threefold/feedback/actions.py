"""What people do about feedback: keep a draft, send a piece, reflect or skip, open, answer, add, choose a focus."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import feedback as rules
from threefold.core.competency import Competency
from threefold.core.feedback import Kind
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.feedback import forms, rows
from threefold.feedback.forms import Fields
from threefold.mail import outbox
from threefold.mail.outbox import Written
from threefold.store.deeds import record
from threefold.store.rounds import Held, Sent
from threefold.store.sessions import Me
from threefold.store.tables import Addendum, Answer, Clearance, Focus, Opening, PracticeSession, Seat

MOST_ANSWER, MOST_FOCUS = 1000, 240
OWN_OPENED = "You’ve opened this round, so your reflection"


@dataclass(frozen=True)
class Desk:
    """What somebody has in front of them: their draft, or else what they sent. `version` tells two tabs apart."""

    fields: Fields = ()
    version: int = 0
    is_draft: bool = False


@dataclass(frozen=True)
class Conflict:
    """The words were changed in another window since this one was opened; nothing has been overwritten."""

    desk: Desk
    ours: Fields

    @property
    def theirs(self) -> Fields:
        return forms.about_same(self.desk.fields, self.ours)


@dataclass(frozen=True)
class Done:
    """A piece is in. `changed` is False when it was in already, word for word."""

    changed: bool


@dataclass(frozen=True)
class Unfinished:
    """Something is still wanted before the piece can go; its words are kept as a draft."""

    desk: Desk
    refusal: Refusal


@dataclass(frozen=True)
class LetterWanted:
    """Nothing is done yet: the letter that goes with this has to be written first."""


def desk_of(db: Session, held: Held, member: UUID) -> Desk:
    draft = rows.draft(db, held, member)
    if draft is not None:
        return Desk(*draft, is_draft=True)
    piece = held.piece_of(member)
    if piece is None:
        return Desk()
    # Seconds since the session began: unlike any draft's version, and a new one with every change.
    last = piece.changed_at or piece.sent_at
    return Desk(forms.fields_of(piece), max(1, int((last - held.starts_at).total_seconds())))


def keep(
    db: Session, held: Held, member: UUID, desk: Desk, new: Fields, version: int, *, now: datetime
) -> Desk | Conflict | Refusal:
    """Keep what was typed so far. A draft is nobody else's business, so it leaves no trace in the audit."""
    kept = _put_together(held, member, desk, new, version)
    if isinstance(kept, Desk) and kept is not desk:
        put_away = rows.change_draft if desk.is_draft else rows.add_draft
        put_away(db, held, member, kept.fields, kept.version, now)
    return kept


def send(
    db: Session,
    held: Held,
    member: UUID,
    kind: Kind,
    desk: Desk,
    new: Fields,
    version: int,
    *,
    asked: tuple[Competency, ...],
    letter: Written | None,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Done | Unfinished | LetterWanted | Conflict | Refusal:
    """Send a piece, or send it again changed. What is still wanted is said; the words stay in the draft meanwhile.

    `letter` tells the counsellor that the words are open. It is wanted with their own reflection and no other piece.
    """
    outcome = _put_together(held, member, desk, new, version)
    if not isinstance(outcome, Desk):
        return outcome
    before = held.piece_of(member)
    if before is not None and not outcome.is_draft:
        return Done(changed=False)
    if not new and outcome.is_draft and outcome.version != version:
        return Conflict(outcome, new)
    found = forms.complete(kind, outcome.fields, asked, held.counsellor.first)
    if isinstance(found, Refusal):
        keep(db, held, member, desk, new, version, now=now)
        return Unfinished(outcome, found)
    if kind is Kind.SELF and before is None and letter is None:
        return LetterWanted()
    ratings, words = forms.ratings_of(found), forms.words_of(found)
    flagged = rules.cues_ticked(ratings) if kind is Kind.OBSERVER else 0
    if before is None:
        sent = Sent(new_id(), member, kind, words, ratings, now, flagged=flagged)
        rows.add_piece(db, held, sent)
    else:
        # What opens when does not depend on later changes: a piece stays in from when it first came.
        changed_at = now if before.skipped_at is None else None
        sent = replace(before, words=words, ratings=ratings, changed_at=changed_at, skipped_at=None, flagged=flagged)
        rows.change_piece(db, before, sent, now)
    if desk.is_draft:
        rows.drop_draft(db, held, member)
    verb = "sent feedback" if before is None else "changed feedback"
    record(db, id=new_id(), at=now, by=by.id, verb=verb, cohort_id=held.cohort_id, piece=sent.id)
    _announce(db, held, _with(held, sent), letter, now)
    return Done(changed=True)


def skip(db: Session, held: Held, member: UUID, *, letter: Written, by: Me, now: datetime, new_id: NewId) -> None:
    """The counsellor goes without a reflection this time; nothing to do when there is one, or a skip."""
    if held.own is not None:
        return
    sent = Sent(new_id(), member, Kind.SELF, {}, (), now, skipped_at=now)
    rows.add_piece(db, held, sent)
    record(db, id=new_id(), at=now, by=by.id, verb="skipped a reflection", cohort_id=held.cohort_id, piece=sent.id)
    _announce(db, held, _with(held, sent), letter, now)


def open_words(db: Session, held: Held, *, by: Me, now: datetime, new_id: NewId) -> bool:
    """The counsellor opens what was written; False while it is not open yet."""
    if not held.release(now).is_open:
        return False
    if held.opened_at is None:
        db.add(Opening(triad_id=held.triad_id, round=held.number, at=now, by=by.id))
        record(
            db,
            id=new_id(),
            at=now,
            by=by.id,
            verb="opened feedback",
            cohort_id=held.cohort_id,
            triad=held.triad_id,
            round=held.number,
        )
    return True


def clear(db: Session, held: Held, *, by: Me, now: datetime, new_id: NewId) -> None:
    """A tutor has read a round in which something got in the way; it need not wait any longer."""
    if not held.is_held_back:
        return
    looked = db.get(Clearance, (held.triad_id, held.number))
    if looked is None:
        db.add(Clearance(triad_id=held.triad_id, round=held.number, at=now, by=by.id))
    else:
        looked.at, looked.by = now, by.id
    record(
        db,
        id=new_id(),
        at=now,
        by=by.id,
        verb="looked at a round first",
        cohort_id=held.cohort_id,
        triad=held.triad_id,
        round=held.number,
    )
    _announce(db, held, replace(held, cleared_at=now), None, now)


def answer(
    db: Session, held: Held, piece: Sent, kind: str, words: str, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Thank for a piece or ask about it, once; or tell the tutors, and only them, that it doesn't feel right."""
    if kind != "thanks" and not words:
        return Refusal.because("Write what you’d like to say.", "words")
    if len(words) > MOST_ANSWER:
        return Refusal.because(f"Shorten this to {MOST_ANSWER:,} characters. It has {len(words):,} now.", "words")
    said = {row.kind: row for row in db.scalars(select(Answer).where(Answer.piece_id == piece.id))}
    if kind == "unease":
        before = said.get(kind)
        if before is None:
            db.add(Answer(piece_id=piece.id, kind=kind, words=words, at=now))
        elif words in before.words.split("\n\n"):
            return None
        else:
            before.words, before.at = f"{before.words}\n\n{words}", now
    elif said.keys() & {"thanks", "question"}:
        return None
    else:
        db.add(Answer(piece_id=piece.id, kind=kind, words=words, at=now))
    # "unease" stays out of the audit's verbs: that somebody turned to a tutor is nobody else's to see.
    record(db, id=new_id(), at=now, by=by.id, verb="answered feedback", cohort_id=held.cohort_id, piece=piece.id)
    return None


def add(
    db: Session, held: Held, piece: Sent, words: str, *, id: UUID, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Add to a piece that has been opened. Sending the same addition twice adds it once."""
    if db.get(Addendum, id) is not None:
        return None
    if rules.may_change(held.opened_at):
        return Refusal.because("It hasn’t been opened yet, so you can still change it.", "words")
    if not words:
        return Refusal.because("Write what you’d like to add.", "words")
    if len(words) > rules.MOST_WORDS:
        return Refusal.because(f"Shorten this to {rules.MOST_WORDS:,} characters. It has {len(words):,} now.", "words")
    db.add(Addendum(id=id, piece_id=piece.id, words=words, at=now))
    record(db, id=new_id(), at=now, by=by.id, verb="added to feedback", cohort_id=held.cohort_id, piece=piece.id)
    return None


def focus(
    db: Session, held: Held, member: UUID, words: str, code: str | None, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Take one thing into the next round; choosing again replaces it until that round's session has begun.

    `code`: the competency it belongs to; one that is not looked for any more is left out.
    """
    if not words:
        return Refusal.because("Choose one thing, or write your own.", "choice")
    if len(words) > MOST_FOCUS:
        return Refusal.because(f"Say it in up to {MOST_FOCUS} characters; it has {len(words):,} now.", "words")
    code = code if code in held.looking.codes else None
    chosen = db.get(Focus, (held.triad_id, held.number))
    if chosen is None:
        db.add(Focus(triad_id=held.triad_id, round=held.number, membership_id=member, words=words, code=code, at=now))
    elif (chosen.words, chosen.code) == (words, code):
        return None
    elif _has_practised_since(db, member, chosen.at, now):
        return Refusal.because(
            "You’ve taken this into a session already. Choose the next one from that round.", "choice"
        )
    else:
        chosen.words, chosen.code, chosen.at = words, code, now
    record(
        db,
        id=new_id(),
        at=now,
        by=by.id,
        verb="chose a focus",
        cohort_id=held.cohort_id,
        triad=held.triad_id,
        round=held.number,
    )
    return None


def _has_practised_since(db: Session, member: UUID, since: datetime, now: datetime) -> bool:
    """Whether a session of theirs has begun since: what they took into it is not changed under its observer's hands."""
    begun = (
        select(Seat.id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .where(
            Seat.membership_id == member,
            Seat.given_up_at.is_(None),
            PracticeSession.starts_at > since,
            PracticeSession.starts_at <= now,
            PracticeSession.cancelled_at.is_(None),
        )
    )
    return db.scalar(begun.limit(1)) is not None


def _put_together(held: Held, member: UUID, desk: Desk, new: Fields, version: int) -> Desk | Conflict | Refusal:
    """What is on the desk with what is new, as a draft of the next version; the desk itself if nothing is new."""
    if held.piece_of(member) is not None and not rules.may_change(held.opened_at):
        opened = f"{held.counsellor.first} has opened this, so it" if held.counsellor.member != member else OWN_OPENED
        return Refusal.because(f"{opened} stays as it is. You can add to it.")
    there = forms.about_same(desk.fields, new)
    if forms.says_same(there, new):
        return desk
    if version != desk.version and forms.says_anything(there):
        return Conflict(desk, new)
    return Desk(forms.merged(desk.fields, new), desk.version + 1, is_draft=True)


def _with(held: Held, sent: Sent) -> Held:
    return replace(held, pieces=(*(piece for piece in held.pieces if piece.id != sent.id), sent))


def _announce(db: Session, before: Held, held: Held, letter: Written | None, now: datetime) -> None:
    """Let the counsellor know at the moment the words open, once a session.

    The letter is written with their own reflection (or skip) and waits; whatever comes in later only moves it.
    """
    opens_at = held.will_open_at
    if opens_at is None or held.opened_at is not None:
        return
    due_at = max(opens_at, now)
    if letter is not None and outbox.post(db, replace(letter, due_at=due_at), now):
        return
    if opens_at != before.will_open_at:
        outbox.move(db, held.letter, due_at)
