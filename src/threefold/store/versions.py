"""Every version of who sits where, once a term is published: what a change touched, before it and after."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import convert, to_builtins
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.roles import Role
from threefold.store.reseating import Sitting, sittings_of
from threefold.store.tables import PlanVersion


@dataclass(frozen=True)
class KeptGroup:
    """A group as a version has it: `rota` is round by round, [[member, role], …]."""

    triad: UUID
    members: tuple[UUID, ...]
    rota: tuple[tuple[tuple[UUID, Role], ...], ...]
    room: str
    tutor: UUID | None

    @classmethod
    def of(cls, sitting: Sitting) -> "KeptGroup":
        if sitting.triad_id is None:
            raise ValueError("only a group that is there can be kept")
        rounds = tuple(tuple(sorted(roles.items())) for roles in sitting.rota)
        return cls(sitting.triad_id, sitting.members, rounds, sitting.room or "", sitting.tutor_id)

    @property
    def sitting(self) -> Sitting:
        """The same, to be put back."""
        return Sitting(self.members, tuple(map(dict, self.rota)), self.room, self.tutor, self.triad)


Groups = tuple[KeptGroup, ...]


@contextmanager
def version(
    db: Session,
    cohort_id: UUID,
    practices: Sequence[UUID],
    *,
    why: str,
    by: UUID,
    now: datetime,
    new_id: NewId,
) -> Iterator[None]:
    """Keep what this block does to these sessions as a version of the plan; nothing, if it changes nothing.

    `why` is a code ("swapped", "repaired", "regrouped", "undone", …) that pages put into words.
    """
    before = groups_at(db, practices)
    yield
    db.flush()
    after = groups_at(db, practices)
    changed = [str(practice) for practice in practices if before[practice] != after[practice]]
    if not changed:
        return
    last = db.scalar(select(func.max(PlanVersion.number)).where(PlanVersion.cohort_id == cohort_id)) or 0
    was, is_now = ({str(k): to_builtins(v) for k, v in each.items() if str(k) in changed} for each in (before, after))
    db.add(
        PlanVersion(
            id=new_id(),
            cohort_id=cohort_id,
            number=last + 1,
            why=why,
            before=was,
            after=is_now,
            made_at=now,
            made_by=by,
        )
    )
    db.flush()


def groups_at(db: Session, practices: Sequence[UUID]) -> Mapping[UUID, Groups]:
    """The groups of these sessions as they stand."""
    return {practice: tuple(map(KeptGroup.of, sittings_of(db, practice))) for practice in practices}


def groups_in(kept: Mapping[str, object]) -> Mapping[UUID, Groups]:
    """What a version's `before` or `after` says."""
    return {UUID(practice): convert(groups, Groups) for practice, groups in kept.items()}
