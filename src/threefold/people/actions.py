"""What is done, and written, when people sign in and out, say who they are, and may set up cohorts.

Secrets come in as digests; the tokens and codes themselves never reach a row.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from threefold.core.address import check_email, check_name, email_key
from threefold.core.identity import NewId
from threefold.core.refusal import Problem, Refusal
from threefold.core.sign_in import (
    CODE_HAD_ITS_DAY,
    HAD_ITS_DAY,
    LASTS,
    LIMITED_OVER,
    MOST_PER_ADDRESS,
    MOST_PER_NETWORK,
    Asked,
    may_ask_from,
    not_the_code,
)
from threefold.core.wishes import How, Kind
from threefold.mail import outbox
from threefold.mail.outbox import Written
from threefold.store.deeds import changed, record
from threefold.store.tables import Membership, Person, SignInRequest, SignInSession, Staff, Wish

KEPT_AFTER = timedelta(days=30)  # an old link is still recognised for so long, to offer a fresh one
Digest = Callable[..., bytes]  # the installation's keyed digest: a purpose, then the parts


@dataclass(frozen=True)
class Asking:
    """Somebody asks to sign in: who (as digests), with which fresh secrets (as digests), and where they were going."""

    id: UUID
    email_key: str
    address: bytes
    network: bytes
    link: bytes
    code: bytes
    destination: str


@dataclass(frozen=True)
class MustWait:
    """Too many requests of late for this address or from this network."""

    until: datetime


@dataclass(frozen=True)
class SignedIn:
    """The link or code was spent just now, for this person, on their way to this page."""

    person_id: UUID
    destination: str


def ask(db: Session, asking: Asking, letter: Written, *, now: datetime, new_id: NewId) -> MustWait | None:
    """Take a request for a link and a code, and post its letter if the address is somebody's.

    Known and unknown addresses take the same path and the same time; only nobody's letter is taken back at once.
    A new request ends the earlier ones for the same address, together with their letters that have not left.
    """
    person = db.scalar(select(Person).where(Person.email_key == asking.email_key))
    for_address = _asked_lately(db, SignInRequest.address_digest == asking.address, now, MOST_PER_ADDRESS)
    # A request that somebody used is no attack: a whole class may sign in from one room.
    unspent = (SignInRequest.network_digest == asking.network) & SignInRequest.spent_at.is_(None)
    from_network = _asked_lately(db, unspent, now, MOST_PER_NETWORK)

    may_ask = may_ask_from(now, for_address, from_network)
    if may_ask > now:
        return MustWait(may_ask)

    db.execute(delete(SignInRequest).where(SignInRequest.expires_at < now - KEPT_AFTER))
    ended = db.scalars(
        update(SignInRequest)
        .where(
            SignInRequest.address_digest == asking.address,
            SignInRequest.spent_at.is_(None),
            SignInRequest.expires_at > now,
        )
        .values(expires_at=now)
        .returning(SignInRequest.id)
    ).all()
    for earlier in ended:
        outbox.withdraw(db, letter_of(earlier))
    is_theirs = person is not None and person.id == letter.person_id and person.email == letter.recipient
    row = SignInRequest(
        id=asking.id,
        person_id=letter.person_id if is_theirs else None,
        address_digest=asking.address,
        network_digest=asking.network,
        link_digest=asking.link,
        code_digest=asking.code,
        destination=asking.destination,
        asked_at=now,
        expires_at=now + LASTS,
        wrong_codes=0,
    )
    db.add(row)
    record(db, id=new_id(), at=now, by=row.person_id, verb="asked-to-sign-in", request=asking.id)
    db.flush()
    if is_theirs:
        with db.begin_nested():
            outbox.post(db, letter, now)
    else:
        _post_in_vain(db, letter, now)
    return None


def spend_link(db: Session, link: bytes, *, digest: Digest, now: datetime, new_id: NewId) -> SignedIn | Refusal:
    """Sign in by the button behind a mailed link: spends link and code together, once."""
    row = db.scalar(select(SignInRequest).where(SignInRequest.link_digest == link).with_for_update())
    if row is None or not _asked(db, row, digest).works(now):
        return Refusal.because(HAD_ITS_DAY)
    return _spend(db, row, now, new_id)


def try_code(
    db: Session, request_id: UUID, code: bytes, *, digest: Digest, now: datetime, new_id: NewId
) -> SignedIn | Refusal:
    """Sign in by a code typed on the page that asked for it. A wrong one counts; the fifth ends link and code.

    A request for nobody, or one that is spent, answers every code as wrong: what is said never tells whether an
    address is known here.
    """
    row = db.scalar(select(SignInRequest).where(SignInRequest.id == request_id).with_for_update())
    if row is None:
        return Refusal.because(CODE_HAD_ITS_DAY, "code")
    asked = _asked(db, row, digest)
    if asked.over(now):
        return Refusal.because(asked.over(now), "code")
    right = hmac.compare_digest(code, row.code_digest or b"")
    if right and asked.works(now):
        return _spend(db, row, now, new_id)
    row.wrong_codes += 1
    record(db, id=new_id(), at=now, by=None, verb="typed-a-wrong-code", request=row.id)
    return not_the_code(row.wrong_codes)


def sign_out(db: Session, person_id: UUID, session_id: UUID, *, now: datetime, new_id: NewId) -> bool:
    """Sign one of a person's browsers out; False when it is not theirs or is signed out already."""
    ended = db.scalar(
        update(SignInSession)
        .where(
            SignInSession.id == session_id,
            SignInSession.person_id == person_id,
            SignInSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(SignInSession.id)
    )
    if ended is None:
        return False
    record(db, id=new_id(), at=now, by=person_id, verb="signed-out", session=session_id)
    return True


def sign_out_everywhere(db: Session, person_id: UUID, *, now: datetime, new_id: NewId) -> int:
    """Sign every browser of a person out, this one too, and end links not yet used; how many browsers it was."""
    db.execute(
        update(SignInRequest)
        .where(
            SignInRequest.person_id == person_id,
            SignInRequest.spent_at.is_(None),
            SignInRequest.expires_at > now,
        )
        .values(expires_at=now)
    )
    ended = db.scalars(
        update(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(SignInSession.id)
    ).all()
    record(db, id=new_id(), at=now, by=person_id, verb="signed-out-everywhere", browsers=len(ended))
    return len(ended)


def save_me(
    db: Session,
    person_id: UUID,
    *,
    name: str,
    pronouns: str,
    zone: str | None,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Keep what a person says about themselves. `zone` None: the same as their group's."""
    person = db.get_one(Person, person_id)
    checked = check_name(name)
    if isinstance(checked, Problem):
        return Refusal((checked,))
    person.name, person.pronouns, person.zone = checked, pronouns, zone
    for cohort_id in db.scalars(select(Membership.cohort_id).where(Membership.person_id == person_id)):
        changed(db, cohort_id)  # their name stands on its pages
    record(db, id=new_id(), at=now, by=person_id, verb="saved-own-details")
    return None


def wish(db: Session, person_id: UUID, wished: Mapping[Kind, How], *, now: datetime, new_id: NewId) -> None:
    """Keep how somebody wants these kinds of letters; kinds that are not named stay as they were.

    Whoever wants a kind in the weekly letter wants that letter.
    """
    if How.DIGEST in wished.values():
        wished = {**wished, Kind.WEEKLY: How.NOW}
    rows = {row.kind: row for row in db.scalars(select(Wish).where(Wish.person_id == person_id))}
    turned = 0
    for kind, way in wished.items():
        row = rows.get(kind)
        if (row.how if row else How.NOW) == way:
            continue
        turned += 1
        if row is None:
            db.add(Wish(person_id=person_id, kind=kind.value, how=way.value, since=now))
        elif way is How.NOW:
            db.delete(row)
        else:
            row.how, row.since = way.value, now
    if turned:
        record(db, id=new_id(), at=now, by=person_id, verb="said how letters come", kinds=turned)


def make_tutor(db: Session, email: str, name: str, now: datetime, new_id: NewId) -> UUID | Refusal:
    """Let somebody set up cohorts in this centre, on the command line's word; the person's id, old or new.

    Somebody already known keeps the name they go by.
    """
    address, called = check_email(email), check_name(name)
    problems = tuple(found for found in (address, called) if isinstance(found, Problem))
    if isinstance(address, Problem) or isinstance(called, Problem):
        return Refusal(problems)
    person = db.scalar(select(Person).where(Person.email_key == email_key(address)))
    if person is None:
        person = Person(
            id=new_id(),
            name=called,
            email=address,
            email_key=email_key(address),
            pronouns="",
            feed_number=0,
            created_at=now,
        )
        db.add(person)
        db.flush()
    if db.get(Staff, person.id) is None:
        db.add(Staff(person_id=person.id, since=now, by=None))
        record(db, id=new_id(), at=now, by=None, verb="made-tutor", person=person.id)
    return person.id


def invite_link(
    db: Session,
    person_id: UUID,
    destination: str,
    *,
    link: bytes,
    digest: Digest,
    lasts: timedelta,
    now: datetime,
    new_id: NewId,
) -> None:
    """A sign-in link to hand over in person (the demo and `create-tutor` print one). It has no code and no letter."""
    person = db.get_one(Person, person_id)
    request_id = new_id()
    db.add(
        SignInRequest(
            id=request_id,
            person_id=person_id,
            address_digest=digest("address", person.email_key),
            network_digest=digest("network", "handed over"),
            link_digest=link,
            code_digest=None,
            destination=destination,
            asked_at=now,
            expires_at=now + lasts,
            wrong_codes=0,
        )
    )
    record(db, id=new_id(), at=now, by=None, verb="wrote-a-sign-in-link", request=request_id, person=person_id)


def letter_of(request_id: UUID) -> str:
    """What makes a sign-in letter unique in the outbox."""
    return f"sign-in:{request_id}"


def _post_in_vain(db: Session, letter: Written, now: datetime) -> None:
    """The work of posting, undone: how long an answer takes must not tell whether an address is known here."""
    stand_in = db.scalar(select(Person.id).limit(1))
    if stand_in is None:
        return  # nobody is known here yet
    attempt = db.begin_nested()
    outbox.post(db, replace(letter, person_id=stand_in), now)
    db.flush()
    attempt.rollback()


def _asked_lately(db: Session, whose: ColumnElement[bool], now: datetime, most: int) -> list[datetime]:
    return list(
        db.scalars(
            select(SignInRequest.asked_at)
            .where(whose, SignInRequest.asked_at > now - LIMITED_OVER)
            .order_by(SignInRequest.asked_at.desc())
            .limit(most)
        )
    )


def _asked(db: Session, row: SignInRequest, digest: Digest) -> Asked:
    """The request as core judges it. Whoever's address has changed since is nobody to it: the mail went elsewhere."""
    key = db.scalar(select(Person.email_key).where(Person.id == row.person_id)) if row.person_id else None
    at_home = key is not None and hmac.compare_digest(digest("address", key), row.address_digest)
    return Asked(row.expires_at, row.spent_at, row.wrong_codes, at_home)


def _spend(db: Session, row: SignInRequest, now: datetime, new_id: NewId) -> SignedIn:
    row.spent_at = now
    outbox.forget(db, letter_of(row.id))
    record(db, id=new_id(), at=now, by=row.person_id, verb="signed-in", request=row.id)
    return SignedIn(row.person_id, row.destination)  # type: ignore[arg-type] # it works only for somebody
