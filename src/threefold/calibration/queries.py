"""What the pages of practice rating show: one’s own ratings, and for tutors who has done how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.calibration.scenes import scenes
from threefold.core.said import plural
from threefold.core.vignette import ABOUT_MINUTES, Vignette, done
from threefold.store.sessions import Me
from threefold.store.tables import Membership, Person, VignetteRating
from threefold.store.within import Within


@dataclass(frozen=True)
class Offered:
    """A scene with the levels somebody chose for it, {} before they did."""

    scene: Vignette
    levels: Mapping[str, int]

    @property
    def is_done(self) -> bool:
        return all(code in self.levels for code in self.scene.codes)


@dataclass(frozen=True)
class Practised:
    """Somebody in a cohort and how many scenes they have rated: never which levels, nor how near the key."""

    name: str
    done: int


@dataclass(frozen=True)
class Closeness:
    """How a group answered one question of a scene beside its key: how many chose the same, and kinder or sterner."""

    scene: Vignette
    code: str
    same: int
    kinder: int
    sterner: int

    @property
    def count(self) -> int:
        return self.same + self.kinder + self.sterner


FEWEST = 5
"""A group smaller than this is never added up: its people could be told apart."""


def closeness(db: Session, within: Within) -> tuple[Closeness, ...]:
    """Question by question, for those that at least five of the cohort's trainees have answered."""
    rows = db.execute(
        select(VignetteRating.vignette, VignetteRating.code, VignetteRating.level)
        .join(Membership, Membership.person_id == VignetteRating.person_id)
        .where(
            Membership.cohort_id == within.cohort.id,
            Membership.role == "trainee",
            Membership.left_at.is_(None),
        )
    ).all()
    found = []
    for scene in scenes():
        for key in scene.keys:
            apart = [level - key.level for which, code, level in rows if (which, code) == (scene.code, key.code)]
            kinder, sterner = sum(each > 0 for each in apart), sum(each < 0 for each in apart)
            found.append(Closeness(scene, key.code, len(apart) - kinder - sterner, kinder, sterner))
    return tuple(each for each in found if each.count >= FEWEST)


def offered(db: Session, me: Me) -> tuple[Offered, ...]:
    """Every scene, with one’s own ratings."""
    rows = db.execute(
        select(VignetteRating.vignette, VignetteRating.code, VignetteRating.level).where(
            VignetteRating.person_id == me.id
        )
    ).all()
    return tuple(
        Offered(scene, {code: level for which, code, level in rows if which == scene.code and code in scene.codes})
        for scene in scenes()
    )


def still_to_rate(db: Session, me: Me) -> int:
    """How many practice scenes somebody has not rated yet."""
    rows = db.execute(select(VignetteRating.vignette, VignetteRating.code).where(VignetteRating.person_id == me.id))
    return len(scenes()) - done(scenes(), {(scene, code) for scene, code in rows})


def to_practise(db: Session, me: Me) -> list[tuple[str, str, str]]:
    """What waits for whoever has scenes left to rate, as (address, title, words); nothing for everybody else."""
    left = still_to_rate(db, me)
    words = f"{plural(left, 'made-up scene')} to read and rate. About {ABOUT_MINUTES} minutes for all of them"
    return [("/calibration", "Practise rating", words)] if left else []


def practised(db: Session, within: Within) -> tuple[Practised, ...]:
    """The cohort’s trainees by name, each with how many scenes they have rated."""
    rows = db.execute(
        select(Person.id, Person.name, VignetteRating.vignette, VignetteRating.code)
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(VignetteRating, VignetteRating.person_id == Person.id)
        .where(
            Membership.cohort_id == within.cohort.id,
            Membership.role == "trainee",
            Membership.left_at.is_(None),
        )
        .order_by(Person.name, Person.id)
    ).all()
    rated: dict[tuple[UUID, str], set[tuple[str, str]]] = {}
    for id_, name, scene, code in rows:
        rated.setdefault((id_, name), set()).add((scene, code))
    return tuple(Practised(name, done(scenes(), found)) for (_, name), found in rated.items())
