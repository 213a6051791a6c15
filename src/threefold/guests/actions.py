"""What tutors do about guests, and guests about their encounters: invite, ask, call off; answer, stop, step out.

None of these writes a letter to a trainee: whoever runs the unit tells what people would notice (`mail.notices`).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import guests as rules
from threefold.core.feedback import Felt, complete_client
from threefold.core.guests import Answer, Invitation, Meets
from threefold.core.identity import NewId
from threefold.core.refusal import Problem, Refusal
from threefold.core.roster import email_key
from threefold.guests import encounters
from threefold.guests.encounters import Booked, Choice
from threefold.mail import outbox
from threefold.mail.outbox import Written
from threefold.store.deeds import record
from threefold.store.guests import HOLDS_ROUND, give_turn_back, take_turn
from threefold.store.rounds import held_rounds
from threefold.store.sessions import Me
from threefold.store.tables import Encounter, Guest, Letter, Membership, Person
from threefold.store.within import NotYours, Within

ONE_OF_YOURS = "This is the address of somebody in this group. Guests come from outside it."
TAKEN = "Somebody else comes as guest in this round by now. Choose another one."
ASKED_MEANWHILE = "Somebody else was asked in the meantime, so you need not come. Thank you all the same."
AT_ONCE = timedelta(minutes=1)
NOT_ON = "This is only for while you are there."


def invite(
    db: Session,
    within: Within,
    *,
    who: Invitation,
    most_a_day: int,
    id: UUID,
    digest: bytes,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> UUID | Refusal:
    """Take somebody in as a guest of this cohort; nothing is sent yet. Invited twice, they are one guest.

    Somebody known by their address keeps the name they go by.
    """
    person = db.scalar(select(Person).where(Person.email_key == email_key(who.email)))
    if person is None:
        person = Person(
            id=new_id(), name=who.name, email=who.email, email_key=email_key(who.email), pronouns="", feed_number=0,
            created_at=now,
        )  # fmt: skip
        db.add(person)
        db.flush()
    here = select(Membership.id).where(
        Membership.cohort_id == within.cohort.id, Membership.person_id == person.id, Membership.left_at.is_(None)
    )
    if db.scalar(here) is not None:
        return Refusal.because(ONE_OF_YOURS, "email")
    before = db.scalar(
        select(Guest.id).where(
            Guest.cohort_id == within.cohort.id,
            Guest.person_id == person.id,
            Guest.ended_at.is_(None),
            Guest.expires_at > now,
        )
    )
    if before is not None:
        return before
    db.add(
        Guest(
            id=id, cohort_id=within.cohort.id, person_id=person.id, link_digest=digest, expires_at=who.until,
            most_a_day=most_a_day, invited_at=now, invited_by=by.id,
        )
    )  # fmt: skip
    _note(db, within.cohort.id, "invited a guest", by.id, now, new_id, guest=id)
    return id


def ask(
    db: Session,
    within: Within,
    guest: Guest,
    wanted: Sequence[Choice],
    brief: str,
    *,
    knowing: Collection[str],
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Ask a guest to be the client of these rounds. Asked twice, it is asked once.

    What would be a lot for them is said first, and taken when the tutor goes on `knowing` it.
    """
    here = {
        (each.triad_id, each.round): each
        for each in db.scalars(select(Encounter).where(Encounter.guest_id == guest.id))
    }
    new = [each for each in wanted if not _is_asked(here.get((each.triad_id, each.round)))]
    carried = [each.meets for each in encounters.carried_by(db, guest.person_id)]
    problems: list[Problem] = []
    coming: list[Meets] = []
    for each in new:
        meets = Meets(each.counsellor_id, each.starts_at, each.ends_at)
        no = Refusal.because(TAKEN, "round") if each.taken_by else None
        no = no or rules.cannot_meet(meets, [*carried, *coming], now=now, until=guest.expires_at, field="round")
        which = f"Group {each.group}, round {each.round}: "
        problems += [Problem(one.field, which + one.sentence) for one in (no.problems if no else ())]
        coming.append(meets)
    if problems:
        return Refusal(tuple(problems))
    heavy = rules.too_much(coming, carried, most_a_day=guest.most_a_day, zone=within.cohort.zone)
    if any(sentence not in knowing for sentence in heavy):
        return Refusal(tuple(Problem("knowing", sentence) for sentence in heavy))
    for each in new:
        _ask(db, guest, here.get((each.triad_id, each.round)), each, brief, by=by, now=now, new_id=new_id)
    if new:
        db.flush()
        _note(db, guest.cohort_id, "asked a guest", by.id, now, new_id, guest=guest.id, encounters=len(new))
    return None


def _ask(
    db: Session,
    guest: Guest,
    before: Encounter | None,
    new: Choice,
    brief: str,
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> None:
    if before is None:
        before = Encounter(id=new_id(), guest_id=guest.id, triad_id=new.triad_id, round=new.round, stepped_out=[])
        db.add(before)
    before.brief, before.asked_at, before.asked_by = brief, now, by.id
    before.answer, before.answered_at, before.called_off_at = None, None, None


def call_off(
    db: Session, cohort_id: UUID, encounter: Booked, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """A guest is no longer wanted in this round. Said twice, it is called off once."""
    row = db.get_one(Encounter, encounter.id)
    if row.called_off_at is not None:
        return None
    if encounter.starts_at <= now:
        return Refusal.because("This round has begun. What was said about it stays.")
    _take_out(db, row, now)
    _note(db, cohort_id, "called a guest off", by.id, now, new_id, encounter=row.id)
    return None


def end(db: Session, guest: Guest, *, by: Me, now: datetime, new_id: NewId) -> None:
    """A guest's link stops working, and what lies ahead of them is called off. Ended twice, it ended the first time."""
    if guest.ended_at is not None:
        return
    for each in encounters.of_guest(db, guest.id):
        if each.starts_at > now and each.called_off_at is None:
            _take_out(db, db.get_one(Encounter, each.id), now)
    guest.ended_at, guest.ended_by = now, by.id
    _let_no_letter_leave(db, guest.id, now)
    _note(db, guest.cohort_id, "ended a guest’s access", by.id, now, new_id, guest=guest.id)


def send_link(
    db: Session, guest: Guest, letter: Written, *, digest: bytes, until: datetime, by: Me, now: datetime, new_id: NewId
) -> None:
    """A link of their own goes to a guest; the one before stops working and is kept nowhere. Twice is once."""
    sent_at = encounters.posts(db, [guest.id]).get(guest.id, encounters.NO_POST).link_at
    if sent_at is not None and now - sent_at < AT_ONCE and guest.expires_at == until:
        return
    _let_no_letter_leave(db, guest.id, now)
    guest.link_digest, guest.expires_at, guest.invited_at, guest.invited_by = digest, until, now, by.id
    outbox.post(db, letter, now)
    _note(db, guest.cohort_id, "sent a guest their link", by.id, now, new_id, guest=guest.id)


# --- what a guest does --------------------------------------------------------------------------------------------


def answer(db: Session, guest: UUID, encounter: UUID, said: Answer, *, now: datetime, new_id: NewId) -> Refusal | None:
    """Yes or no to an encounter. With a yes the group's own client of that round observes; with a no they have it."""
    found, row = _theirs(db, guest, encounter)
    if row.answer == said:
        return None
    other = select(Encounter.id).where(
        Encounter.triad_id == row.triad_id, Encounter.round == row.round, Encounter.id != row.id, HOLDS_ROUND
    )
    taken = ASKED_MEANWHILE if said is Answer.ACCEPTED and db.scalar(other) is not None else ""
    if refusal := rules.may_come_back(found.standing(now), taken):
        return refusal
    was, row.answer, row.answered_at = row.answer, said.value, now
    db.flush()
    if said is Answer.ACCEPTED:
        take_turn(db, row)
    elif was == Answer.ACCEPTED:
        give_turn_back(db, row)
    _forget_links(db, guest)  # whoever answers has their link
    _note(db, found.cohort.id, f"a guest {said.value}", None, now, new_id, encounter=row.id)
    return None


def stop(db: Session, guest: UUID, encounter: UUID, *, now: datetime, new_id: NewId) -> Refusal | None:
    """A guest stops, without saying why. Pressed twice, it was the first time."""
    found, row = _theirs(db, guest, encounter)
    if row.stopped_at is not None:
        return None
    if not found.may_stop(now):
        return Refusal.because(NOT_ON)
    row.stopped_at = now
    _note(db, found.cohort.id, "a guest stopped", None, now, new_id, encounter=row.id)
    return None


def feel(db: Session, guest: UUID, encounter: UUID, piece: Felt, *, now: datetime, new_id: NewId) -> Refusal | None:
    """The four answers, released with everybody else's words. Until the counsellor opens them they may be changed."""
    found, row = _theirs(db, guest, encounter)
    if not found.was_there(now):
        return Refusal.because("These questions are for afterwards.")
    complete = complete_client(piece)
    if isinstance(complete, Refusal):
        return complete
    felt = dict(complete.answers)
    if row.felt_at is not None and (row.felt == felt or not found.may_change):
        return None
    before = held_rounds(db, [(found.triad, found.practice, found.cohort)], now, only=found.round)
    row.felt, row.felt_at = felt, row.felt_at or now
    db.flush()
    after = held_rounds(db, [(found.triad, found.practice, found.cohort)], now, only=found.round)
    for was, held in zip(before, after, strict=True):
        # As with everybody's words: the letter to the counsellor waits, and leaves when they open.
        opens_at = held.will_open_at
        if opens_at is not None and held.opened_at is None and opens_at != was.will_open_at:
            outbox.move(db, held.letter, max(opens_at, now))
    _note(db, found.cohort.id, "a guest said how it was", None, now, new_id, encounter=row.id)
    return None


def step_out(
    db: Session, guest: UUID, encounter: UUID, ticked: Sequence[str], *, now: datetime, new_id: NewId
) -> Refusal | None:
    """A guest leaves the role; which steps they took is theirs to change."""
    found, row = _theirs(db, guest, encounter)
    if not found.was_there(now):
        return Refusal.because("This is for afterwards.")
    done = rules.stepped_out(ticked)
    if isinstance(done, Refusal):
        return done
    if row.stepped_out != list(done):
        row.stepped_out, row.stepped_out_at = list(done), row.stepped_out_at or now
        _note(db, found.cohort.id, "a guest stepped out", None, now, new_id, encounter=row.id)
    return None


def _theirs(db: Session, guest: UUID, encounter: UUID) -> tuple[Booked, Encounter]:
    """An encounter of this guest. Raises NotYours."""
    found = encounters.booked(db, Encounter.id == encounter, Encounter.guest_id == guest)
    if not found:
        raise NotYours
    return found[0], db.get_one(Encounter, encounter)


def _is_asked(row: Encounter | None) -> bool:
    return row is not None and row.called_off_at is None and row.answer != Answer.DECLINED


def _take_out(db: Session, row: Encounter, now: datetime) -> None:
    row.called_off_at = now
    db.flush()
    if row.answer == Answer.ACCEPTED:
        give_turn_back(db, row)


def _let_no_letter_leave(db: Session, guest: UUID, now: datetime) -> None:
    """What waits says what no longer holds, or holds a link that has stopped working."""
    waiting = select(Letter.id).where(
        Letter.lane == encounters.lane(guest), Letter.sent_at.is_(None), Letter.stopped_at.is_(None)
    )
    outbox.overtake(db, (), now, letters=db.scalars(waiting).all())
    _forget_links(db, guest)


def _forget_links(db: Session, guest: UUID) -> None:
    """Empty the letters that hold a link and have left: the store keeps none."""
    for once in db.scalars(
        select(Letter.once).where(
            Letter.lane == encounters.lane(guest), Letter.kind == encounters.LINK, Letter.sent_at.is_not(None)
        )
    ).all():
        outbox.forget(db, once)


def _note(
    db: Session, cohort_id: UUID, verb: str, by: UUID | None, now: datetime, new_id: NewId, **subject: object
) -> None:
    record(db, id=new_id(), at=now, by=by, verb=verb, cohort_id=cohort_id, **subject)
