"""What tutors do about the people of a cohort: add, correct, remove, keep apart, invite to teach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.refusal import Problem, Refusal
from threefold.core.roster import Row, check_email, check_name, email_key, names_meant
from threefold.mail.outbox import Written, post
from threefold.store.deeds import changed, record
from threefold.store.sessions import Me, end_all
from threefold.store.tables import (
    Away,
    KeepApart,
    Membership,
    Person,
    PlanDraft,
    PracticeSession,
    Seat,
    SignInSession,
    Staff,
)
from threefold.store.versions import version
from threefold.store.within import Within


@dataclass(frozen=True)
class Added:
    """What came of adding a list: whose places in the cohort are new, and keep-apart words that named nobody."""

    members: tuple[UUID, ...]
    not_found: tuple[str, ...]

    @property
    def people(self) -> int:
        return len(self.members)


def add_people(
    db: Session,
    within: Within,
    rows: Sequence[Row],
    here: Sequence[Row] = (),
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Added:
    """Add good rows as trainees. Somebody known by their address keeps the name they go by; nobody is added twice.

    `here` are rows of people who need no adding: of theirs, only whom they are kept apart from is noted.
    """
    good: dict[str, Row] = {}
    for row in rows:
        if not row.problems:
            good.setdefault(email_key(row.email), row)
    people = _people(db, good, now=now, new_id=new_id)
    added = _join_all(db, within, people, by=by, now=now, new_id=new_id)
    not_found = _keep_apart_as_written(db, within, (*good.values(), *here), by=by, now=now)
    record(db, id=new_id(), at=now, by=by.id, verb="added people", cohort_id=within.cohort.id, people=len(added))
    return Added(added, not_found)


def _people(db: Session, rows: Mapping[str, Row], *, now: datetime, new_id: NewId) -> list[UUID]:
    """The people of these rows, by address key; those nobody knows yet are made."""
    asked = select(Person.email_key, Person.id).where(Person.email_key.in_(list(rows)))
    known = dict(db.execute(asked).all())
    for key, row in rows.items():
        if key not in known:
            known[key] = new_id()
            db.add(
                Person(
                    id=known[key],
                    name=row.name,
                    email=row.email,
                    email_key=key,
                    pronouns=row.pronouns,
                    feed_number=0,
                    created_at=now,
                )
            )
    db.flush()
    return [known[key] for key in rows]


def _join_all(
    db: Session,
    within: Within,
    people: Sequence[UUID],
    role: str = "trainee",
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> tuple[UUID, ...]:
    """Places in the cohort; whoever left before comes back to their own. Gives the places of those not here already."""
    had = {
        member.person_id: member
        for member in db.scalars(
            select(Membership).where(Membership.cohort_id == within.cohort.id, Membership.person_id.in_(people))
        )
    }
    coming = [person for person in people if person not in had or had[person].left_at is not None]
    places = []
    for person in coming:
        if person in had:
            had[person].left_at, had[person].left_by, had[person].role = None, None, role
            places.append(had[person].id)
        else:
            places.append(new_id())
            db.add(
                Membership(
                    id=places[-1],
                    cohort_id=within.cohort.id,
                    person_id=person,
                    role=role,
                    joined_at=now,
                    joined_by=by.id,
                )
            )
    db.flush()
    return tuple(places)


def _keep_apart_as_written(
    db: Session, within: Within, rows: Sequence[Row], *, by: Me, now: datetime
) -> tuple[str, ...]:
    """Keep-apart words of the list, once everybody in it is there; those that name nobody are given back."""
    wanted = [row for row in rows if row.apart_from]
    if not wanted:
        return ()
    members = db.execute(
        select(Membership.id, Person.name, Person.email_key)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == within.cohort.id, Membership.left_at.is_(None), Membership.role == "trainee")
    ).all()
    names = [member.name for member in members]
    not_found = []
    for row in wanted:
        own = next((m.id for m in members if m.email_key == email_key(row.email)), None)
        for words in filter(None, (part.strip() for part in row.apart_from.replace(";", ",").split(","))):
            meant = names_meant(words, names)
            others = [m.id for m in members if m.name in meant and m.id != own]
            if own is None or len(others) != 1:
                not_found.append(f"Row {row.number}: “{words}”")
            else:
                _apart(db, within.cohort.id, own, others[0], by=by, now=now)
    return tuple(not_found)


def keep_apart(
    db: Session, within: Within, one: UUID, other: UUID, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Never place these two together. Said twice, it holds once."""
    if one == other:
        return Refusal.because("Choose two different people.", "other")
    if not _are_trainees(db, within, {one, other}):
        return Refusal.because("Choose two people of this cohort.", "one")
    _apart(db, within.cohort.id, one, other, by=by, now=now)
    record(db, id=new_id(), at=now, by=by.id, verb="kept two apart", cohort_id=within.cohort.id)
    return None


def _apart(db: Session, cohort_id: UUID, one: UUID, other: UUID, *, by: Me, now: datetime) -> None:
    low, high = sorted((one, other))
    if db.get(KeepApart, (cohort_id, low, high)) is None:
        db.add(KeepApart(cohort_id=cohort_id, one=low, other=high, since=now, by=by.id))
        db.flush()


def allow_together(
    db: Session, within: Within, one: UUID, other: UUID, *, by: Me, now: datetime, new_id: NewId
) -> None:
    """These two may be placed together again."""
    low, high = sorted((one, other))
    db.execute(
        delete(KeepApart).where(KeepApart.cohort_id == within.cohort.id, KeepApart.one == low, KeepApart.other == high)
    )
    record(db, id=new_id(), at=now, by=by.id, verb="let two meet", cohort_id=within.cohort.id)


def _are_trainees(db: Session, within: Within, ids: set[UUID]) -> bool:
    found = db.scalars(
        select(Membership.id).where(
            Membership.id.in_(ids),
            Membership.cohort_id == within.cohort.id,
            Membership.role == "trainee",
            Membership.left_at.is_(None),
        )
    ).all()
    return set(found) == ids


def member_of(db: Session, within: Within, membership_id: UUID) -> tuple[Membership, Person] | None:
    """Somebody who is in this cohort now."""
    found = db.execute(
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.id == membership_id,
            Membership.cohort_id == within.cohort.id,
            Membership.left_at.is_(None),
        )
    ).one_or_none()
    return (found.Membership, found.Person) if found else None


def may_correct(db: Session, person_id: UUID, by: Me) -> bool:
    """Whether a tutor may change somebody's name and address.

    An address is the key to everything a person can reach, so only where the tutor teaches every group the person
    is in, and never for somebody who teaches or sets up cohorts: they change their own, or ask the office.
    Somebody invited to teach who has never signed in is the exception: see below.
    """
    staff = db.get(Staff, person_id) is not None
    theirs = db.execute(
        select(Membership.cohort_id, Membership.role).where(
            Membership.person_id == person_id, Membership.left_at.is_(None)
        )
    ).all()
    taught = set(
        db.scalars(
            select(Membership.cohort_id).where(
                Membership.person_id == by.id, Membership.role == "tutor", Membership.left_at.is_(None)
            )
        )
    )
    # A mistyped address is nobody's, or a stranger's. Until somebody has come in by it, a co-tutor cannot put it right
    # themselves, and it opens nothing but groups that this tutor teaches already.
    never_here = db.scalar(select(SignInSession.id).where(SignInSession.person_id == person_id).limit(1)) is None
    return not staff and all(row.cohort_id in taught and (row.role == "trainee" or never_here) for row in theirs)


def correct(
    db: Session,
    within: Within,
    person: Person,
    *,
    name: str,
    email: str,
    letter: Written | None,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Put a name or an address right, both checked. A new address signs the person out everywhere: the old one opens
    nothing. `letter` is a co-tutor's invitation, which goes to the new address.
    """
    if not may_correct(db, person.id, by):
        return Refusal.because("They are in a group you don’t teach, so only they can change this, under their name.")
    key = email_key(email)
    other = db.scalar(select(Person.id).where(Person.email_key == key, Person.id != person.id))
    if other is not None:
        return Refusal.because("Somebody else here has this address already. Enter another one", "email")
    if key != person.email_key:
        end_all(db, person.id, now)
        person.unreachable_since = None
        if letter is not None:
            post(db, letter, now)
    person.name, person.email, person.email_key = name, email, key
    # Their name stands on the pages of every cohort they are or were in.
    theirs = select(Membership.cohort_id).where(Membership.person_id == person.id).order_by(Membership.cohort_id)
    for cohort_id in db.scalars(theirs).all():
        changed(db, cohort_id)
    record(db, id=new_id(), at=now, by=by.id, verb="corrected somebody", cohort_id=within.cohort.id, person=person.id)
    return None


def remove(
    db: Session, within: Within, membership: Membership, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """`take_out`, with the plan as it was before kept as a version."""
    held = select(Seat.practice_id).where(Seat.membership_id == membership.id, Seat.given_up_at.is_(None))
    coming = select(PracticeSession.id).where(PracticeSession.id.in_(held), PracticeSession.starts_at > now)
    practices = db.scalars(coming).all()
    with version(db, within.cohort.id, practices, why="removed", by=by.id, now=now, new_id=new_id):
        return take_out(db, within, membership, by=by, now=now, new_id=new_id)


def take_out(
    db: Session, within: Within, membership: Membership, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Take somebody out of the cohort. What they did stays; seats in sessions still to come are given up.

    Whom they are kept apart from stays noted too, so that it holds should they be added again.
    """
    if membership.id == within.membership.id:
        return Refusal.because("You can’t take yourself out. Ask another tutor to.")
    membership.left_at, membership.left_by = now, by.id
    db.execute(delete(Away).where(Away.membership_id == membership.id))
    coming = select(PracticeSession.id).where(
        PracticeSession.cohort_id == within.cohort.id, PracticeSession.starts_at > now
    )
    db.execute(
        update(Seat)
        .where(Seat.membership_id == membership.id, Seat.given_up_at.is_(None), Seat.practice_id.in_(coming))
        .values(given_up_at=now)
    )
    if within.cohort.published_at is None:
        db.execute(delete(PlanDraft).where(PlanDraft.cohort_id == within.cohort.id))
    record(db, id=new_id(), at=now, by=by.id, verb="removed somebody", cohort_id=within.cohort.id, member=membership.id)
    return None


def checked(name: str, email: str) -> tuple[str, str] | Refusal:
    """A name and an address as typed, tidied; or what is wrong with them."""
    good_name, good_email = check_name(name), check_email(email)
    if isinstance(good_name, Problem) or isinstance(good_email, Problem):
        return Refusal(tuple(found for found in (good_name, good_email) if isinstance(found, Problem)))
    return good_name, good_email


@dataclass(frozen=True)
class Guest:
    """Somebody about to be invited to teach: as they are known here, or as typed and with a new id."""

    id: UUID
    name: str
    email: str


def guest(db: Session, name: str, email: str, new_id: NewId) -> Guest:
    """Whom an invitation to this checked name and address would reach."""
    known = db.scalar(select(Person).where(Person.email_key == email_key(email)))
    return Guest(known.id, known.name, known.email) if known else Guest(new_id(), name, email)


def invite_tutor(
    db: Session, within: Within, guest: Guest, letter: Written, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Somebody to teach this cohort with; one letter tells them each time they are invited anew."""
    row = Row(1, guest.name, guest.email)
    (person_id,) = _people(db, {email_key(row.email): row}, now=now, new_id=lambda: guest.id)
    if not _join_all(db, within, [person_id], "tutor", by=by, now=now, new_id=new_id):
        return Refusal.because("They are in this cohort already.", "email")
    # Somebody else may have added them a moment ago, under another id.
    post(db, replace(letter, person_id=person_id), now)
    record(db, id=new_id(), at=now, by=by.id, verb="invited a tutor", cohort_id=within.cohort.id, person=person_id)
    return None
