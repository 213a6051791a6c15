"""Whom the made-up centre consists of."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.roster import email_key
from threefold.store.sessions import Me
from threefold.store.tables import ConcernReader, Person, Staff

TRAINEES = (
    "Amara Okafor", "Ben Hughes", "Chloé Martin", "Dev Mehta", "Esther Cohen", "Farid Rahimi", "Grace Liu",
    "Hanna Kaya", "Ioan Popescu", "Joy Adeyemi", "Kit Thomas", "Léa Moreau", "Mira Shah", "Priya Nair",
)  # fmt: skip
TUTORS = ("Marion Shaw", "Tom Reid")
# Who gets an invitation for each evening: everybody else's calendar reads the feed. Each invitation takes as long to
# write and check as any, and the demo is to start soon.
ONE_BY_ONE = {"Amara Okafor"}


def persons(
    db: Session, names: Collection[str], *, invited: Collection[str], since: datetime, new_id: NewId
) -> list[Person]:
    """These people, in this order; whoever is not `invited` has a calendar that reads the feed."""
    made = [
        Person(
            id=new_id(),
            name=name,
            email=(address := _address(name)),
            email_key=email_key(address),
            pronouns="",
            feed_number=0,
            takes_feed_since=None if name in invited else since,
            created_at=since,
        )
        for name in names
    ]
    db.add_all(made)
    db.flush()
    return made


def employ(db: Session, tutors: Collection[Person], since: datetime) -> None:
    """They teach here, and concerns reach them."""
    db.add_all(Staff(person_id=person.id, since=since, by=None) for person in tutors)
    db.add_all(ConcernReader(person_id=person.id, since=since, by=None) for person in tutors)


def as_themselves(person: Person, since: datetime) -> Me:
    """Somebody who does something themselves."""
    staff = person.name in TUTORS
    return Me(person.id, person.name, person.email, None, person.id, since, staff, staff, False)


def _address(name: str) -> str:
    first, last = name.lower().replace("é", "e").split()
    return f"{first}.{last}@example.com"
