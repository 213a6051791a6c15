"""What a calendar answers to an invitation: whom it is believed from, which answer holds, and when a "no" counts.

Each seat has a reply address of its own, told to its holder alone as the invitation's organiser. Whoever writes to it
knows the seat's secret; nothing else in a message (From, ORGANIZER, a signature) is proof of anything here.
"""

import hmac
from base64 import b32decode, b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from threefold.core.address import LONGEST_LOCAL_PART, ascii_domain, email_key

MOST_KEPT = 40  # replies for one seat; a calendar that answers itself in circles goes no further
_MARK_BYTES = 10  # of the HMAC: 80 bits, guessed by nobody
_ID_LETTERS, _MARK_LETTERS = 26, 16  # in base32, without padding
LONGEST_SENDER = LONGEST_LOCAL_PART - 1 - _ID_LETTERS - _MARK_LETTERS


class Answer(StrEnum):
    """What a calendar can say; a counter proposes another time and answers nothing."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    COUNTER = "counter"


class Settled(StrEnum):
    """How an answer came to rest: its holder said it was so, or that they are coming; by time; by a later one.

    KEPT is said of a proposal: a tutor kept the time as it is.
    """

    CONFIRMED = "confirmed"
    COMING = "coming"
    BY_TIME = "by_time"
    OVERTAKEN = "overtaken"
    KEPT = "kept"


# --- addresses that hold a secret -----------------------------------------------------------------------------


def reply_address(secret: str, sender: str, seat_id: UUID) -> str:
    """Where a calendar answers for one seat: `practice+<seat and proof>@`, in the sender's own domain.

    Lower case and digits only, since mail servers fold case. Raises ValueError where the sender's part before the @
    is longer than LONGEST_SENDER, so that the whole would not fit its 64 octets.
    """
    return _address(secret, "seat reply", sender, seat_id)


def seat_of(secret: str, sender: str, address: str) -> UUID | None:
    """The seat whose reply address this is, in whatever case it arrives; None for every other address."""
    return _id_of(secret, "seat reply", sender, address)


def return_address(secret: str, sender: str, letter_id: UUID) -> str:
    """Where one letter comes back to if it cannot be delivered: its envelope's sender. As `reply_address`."""
    return _address(secret, "letter return", sender, letter_id)


def letter_of(secret: str, sender: str, address: str) -> UUID | None:
    """The letter whose return address this is; None for every other address."""
    return _id_of(secret, "letter return", sender, address)


def is_sender(sender: str, address: str) -> bool:
    """Whether an address is the plain one that letters come from."""
    return email_key(address) == email_key(sender)


def _address(secret: str, purpose: str, sender: str, id: UUID) -> str:
    local, _, domain = sender.rpartition("@")
    if len(local) > LONGEST_SENDER:
        raise ValueError(f"the sender’s part before the @ may have {LONGEST_SENDER} letters where replies are taken")
    return f"{local}+{_base32(id.bytes)}{_base32(_proof(secret, purpose, id))}@{ascii_domain(domain)}"


def _id_of(secret: str, purpose: str, sender: str, address: str) -> UUID | None:
    local, _, domain = address.strip().rpartition("@")
    base, _, tag = local.rpartition("+")
    if not tag.isascii() or len(tag) != _ID_LETTERS + _MARK_LETTERS or not is_sender(sender, f"{base}@{domain}"):
        return None
    try:
        id = UUID(bytes=_from_base32(tag[:_ID_LETTERS]))
        proof = _from_base32(tag[_ID_LETTERS:])
    except ValueError:
        return None
    return id if hmac.compare_digest(proof, _proof(secret, purpose, id)) else None


def _proof(secret: str, purpose: str, id: UUID) -> bytes:
    return hmac.new(secret.encode(), purpose.encode() + b"\x00" + id.bytes, sha256).digest()[:_MARK_BYTES]


def _base32(value: bytes) -> str:
    return b32encode(value).decode().rstrip("=").lower()


def _from_base32(letters: str) -> bytes:
    return b32decode(letters.upper() + "=" * (-len(letters) % 8))


# --- what is believed -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attendee:
    """One ATTENDEE of a reply: every address it names, and what it answers (None: nothing yet)."""

    addresses: tuple[str, ...]
    answer: Answer | None


@dataclass(frozen=True)
class CalendarReply:
    """What a REPLY or COUNTER says of one event, before anything of it is believed.

    None where it does not say. `organizer` is only ever of use for the secret that may stand in it: some senders
    leave it out.
    """

    is_counter: bool
    uid: str
    attendees: tuple[Attendee, ...]
    stamp: datetime | None
    sequence: int | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    organizer: str = ""


@dataclass(frozen=True)
class Said:
    """A reply that is believed, with its numbers put right."""

    answer: Answer
    said_at: datetime
    sequence: int
    proposes_start: datetime | None = None
    proposes_end: datetime | None = None


def believed(reply: CalendarReply, *, uid: str, email: str, sequence: int, received_at: datetime) -> Said | None:
    """What the holder of a seat said, from a message that carried the seat's secret; None if it is not about it.

    The UID must be the seat's. The attendee is the member's own address; a reply with one other attendee is taken as
    theirs too, since calendars put a main address where an alias was invited (Outlook.com, iCloud), and the secret
    was told to nobody else. Somebody they forwarded it to can at most make us ask them. Several strangers: nobody's.

    A stamp from the future is taken as now and a sequence never sent as the present one, so that no calendar with a
    wrong clock has the last word for ever; a reply that names no sequence means the invitation as it stands.
    """
    if reply.uid.strip().casefold() != uid.casefold():
        return None
    own = [one for one in reply.attendees if email_key(email) in map(email_key, one.addresses)]
    speaking = own[:1] or (reply.attendees if len(reply.attendees) == 1 else ())
    if not speaking:
        return None
    answer = Answer.COUNTER if reply.is_counter else speaking[0].answer
    if answer is None:
        return None
    return Said(
        answer,
        min(reply.stamp or received_at, received_at),
        sequence if reply.sequence is None else max(0, min(reply.sequence, sequence)),
        reply.starts_at if reply.is_counter else None,
        reply.ends_at if reply.is_counter else None,
    )


def digest(seat_id: UUID, reply: CalendarReply, said: Said, message: str) -> bytes:
    """The same for one answer however often and by whatever way it arrives.

    It is made of what is said and of the message's own name (its Message-ID), not of its bytes: Received lines differ
    from way to way. The stamp alone would not do, since some calendars answer twice under the invitation's.
    """
    told = (seat_id, said.answer, reply.stamp, reply.sequence, said.proposes_start, said.proposes_end, message)
    return sha256("\x1f".join(map(str, told)).encode(errors="replace")).digest()


# --- which answer holds ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A reply that was taken in."""

    id: UUID
    answer: Answer
    said_at: datetime
    sequence: int
    received_at: datetime
    settled_as: Settled | None

    @property
    def order(self) -> tuple[datetime, int, datetime, UUID]:
        """The later one holds (RFC 5546, 2.1.5: by the attendee's own DTSTAMP); of equals, what came last."""
        return self.said_at, self.sequence, self.received_at, self.id


def holding(kept: Iterable[Kept]) -> Kept | None:
    """The answer that holds for a seat; proposals of another time are none."""
    return max((one for one in kept if one.answer != Answer.COUNTER), key=lambda one: one.order, default=None)


@dataclass(frozen=True)
class Outcome:
    """What follows from a reply: how it is settled at once, which older ones it overtakes, who is to hear of it."""

    settled_as: Settled | None
    overtakes: tuple[UUID, ...] = ()
    asks: bool = False  # the person is asked whether the "no" was theirs, and the tutors are told
    tells: bool = False  # the tutors are told of the time it proposes


NOTHING_NEW = Outcome(Settled.OVERTAKEN)


def outcome(new: Kept, kept: Sequence[Kept], *, sequence: int, to_come: bool, withdrawn: bool) -> Outcome:
    """What follows from a new reply beside those that were kept.

    `sequence` is the invitation's as it stands. A "yes" to an invitation that has changed since is no answer to this
    one; a "no" to it is asked about all the same, because a "no" that is lost costs others their practice.
    """
    counters = new.answer == Answer.COUNTER
    same_kind = [one for one in kept if (one.answer == Answer.COUNTER) == counters]
    if not to_come or any(one.order > new.order for one in same_kind):
        return NOTHING_NEW
    if new.sequence < sequence and new.answer != Answer.DECLINED:
        return NOTHING_NEW
    overtakes = tuple(one.id for one in same_kind if one.settled_as is None)
    if counters:
        return Outcome(None, overtakes, tells=True)
    if new.answer != Answer.DECLINED:
        return Outcome(None, overtakes)
    if withdrawn:
        return Outcome(Settled.CONFIRMED, overtakes)
    asked_already = any(
        one.answer == Answer.DECLINED and one.settled_as is None and one.sequence >= new.sequence for one in same_kind
    )
    return Outcome(None, overtakes, asks=not asked_already)


def may_be_kept_to(proposal: Kept, *, sequence: int, to_come: bool, withdrawn: bool) -> bool:
    """Whether a tutor can still answer a proposal with "the time stays": it is about the session as it stands, which
    its proposer is expected at, and nobody has answered it.
    """
    is_open = proposal.answer == Answer.COUNTER and proposal.settled_as is None
    return is_open and proposal.sequence >= sequence and to_come and not withdrawn


# --- a "no" nobody has confirmed ------------------------------------------------------------------------------


def counts_at(first_heard: datetime, declines_after: int, starts_at: datetime) -> datetime | None:
    """When an unconfirmed "no" counts by itself: so many hours after it was first heard; None where that would not be
    before the session begins, since nobody is taken out of one that is under way.
    """
    due = first_heard + timedelta(hours=declines_after)
    return due if due < starts_at else None


def first_heard(kept: Iterable[Kept]) -> datetime | None:
    """Since when the "no" that waits has been said without a break; None where none waits.

    A calendar that repeats itself every hour does not put off the moment at which its answer counts.
    """
    since = None
    for one in sorted((one for one in kept if one.answer != Answer.COUNTER), key=lambda one: one.order, reverse=True):
        waits = one.settled_as is None if since is None else one.settled_as in {None, Settled.OVERTAKEN}
        if one.answer != Answer.DECLINED or not waits:
            break
        since = one.received_at
    return since
