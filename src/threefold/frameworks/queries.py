"""What the framework pages show: every framework with its versions, and which cohorts use which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework
from threefold.store.frameworks import SHIPPED, framework_for, kept, shipped
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, FrameworkDraft, Membership
from threefold.store.within import NotYours


@dataclass(frozen=True)
class Version:
    """One version of a framework. `mine`: cohorts the asker teaches that use it; `others`: how many more do.

    `begun`: the asker has typed on its sheet and not kept it yet.
    """

    framework: Framework
    added_at: datetime | None
    mine: tuple[tuple[UUID, str], ...] = ()
    others: int = 0
    begun: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether it ships with the product rather than belonging to the centre."""
        return self.framework.id in SHIPPED

    @property
    def path(self) -> str:
        return f"/frameworks/{self.framework.id}/{self.framework.version}"


@dataclass(frozen=True)
class Family:
    """A framework in all its versions, the newest first."""

    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[0]


def let_in(me: Me) -> None:
    """Frameworks are shaped by the centre's staff and tutors; for everybody else (NotYours) there are none here."""
    if not (me.is_staff or me.is_tutor):
        raise NotYours


def families(db: Session, me: Me) -> tuple[Family, ...]:
    """Every framework: those that ship first, then the centre's own, whichever was added to last before the others."""
    let_in(me)
    used = _users(db, me)
    begun = {
        tuple(key)
        for key in db.execute(
            select(FrameworkDraft.framework_id, FrameworkDraft.framework_version).where(
                FrameworkDraft.person_id == me.id
            )
        )
    }
    versions = [Version(shipped(id), None) for id in SHIPPED]
    versions += [Version(framework, added_at) for framework, added_at in kept(db)]
    grouped: dict[str, list[Version]] = {}
    for version in versions:
        framework = version.framework
        key = (framework.id, framework.version)
        found = Version(framework, version.added_at, *used.get(key, ((), 0)), begun=key in begun)
        grouped.setdefault(framework.id, []).append(found)
    return tuple(Family(tuple(one)) for one in grouped.values())


def version(db: Session, me: Me, id: str, number: str) -> Version:
    """One version with who uses it. Raises NotYours when there is none."""
    let_in(me)
    framework = framework_for(db, id, number)
    if framework is None:
        raise NotYours
    draft = db.get(FrameworkDraft, (me.id, id, number))
    return Version(framework, None, *_users(db, me).get((id, number), ((), 0)), begun=draft is not None)


def draft(db: Session, me: Me, id: str, number: str) -> tuple[Mapping[str, str], int]:
    """What the asker has typed on the sheet of a version, with the draft's own version; ({}, 0) before they do."""
    row = db.get(FrameworkDraft, (me.id, id, number))
    return (dict(row.fields), row.version) if row else ({}, 0)


def numbers(db: Session, id: str) -> tuple[str, ...]:
    """The versions there are of one framework."""
    ours = [shipped(id).version] if id in SHIPPED else []
    return (*ours, *(framework.version for framework, _ in kept(db, id)))


def _users(db: Session, me: Me) -> dict[tuple[str, str], tuple[tuple[tuple[UUID, str], ...], int]]:
    """By framework and version: the cohorts the asker teaches, and how many others use it."""
    teaches = and_(
        Membership.cohort_id == Cohort.id,
        Membership.person_id == me.id,
        Membership.role == "tutor",
        Membership.left_at.is_(None),
    )
    rows = db.execute(
        select(Cohort.framework_id, Cohort.framework_version, Cohort.id, Cohort.name, Membership.id)
        .outerjoin(Membership, teaches)
        .where(Cohort.framework_id.is_not(None))
        .order_by(Cohort.created_at.desc())
    ).all()
    found: dict[tuple[str, str], list[tuple[UUID, str, bool]]] = {}
    for id_, number, cohort, name, mine in rows:
        found.setdefault((id_ or "", number or ""), []).append((cohort, name, mine is not None))
    return {key: _shared_out(cohorts) for key, cohorts in found.items()}


def _shared_out(cohorts: Iterable[tuple[UUID, str, bool]]) -> tuple[tuple[tuple[UUID, str], ...], int]:
    listed = list(cohorts)
    mine = tuple((id_, name) for id_, name, is_mine in listed if is_mine)
    return mine, len(listed) - len(mine)
