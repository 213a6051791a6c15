"""Plans of who sits with whom, and every version of one that was published."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to, unique_where


class PlanDraft(Table):
    """A plan somebody can look at; the last five are kept. Publishing lays its triads out as rows.

    `groups`: one list a practice session, each group as `matching.wire` writes it. `pins`: groups that were to stay
    as they are, as [session, [membership ids]]. With `seed` and `steps` the engine draws the same plan again, unless
    two people were swapped since. `cohort_version` is the cohort as it was when the plan was drawn.
    """

    __tablename__ = "plan"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    number: Mapped[int]
    cohort_version: Mapped[int]
    seed: Mapped[int]
    steps: Mapped[int] = mapped_column(default=0)
    groups: Mapped[list[Any]]
    pins: Mapped[list[Any]] = mapped_column(default=list)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]
    chosen_at: Mapped[datetime]  # the one chosen last is the one on the page
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("cohort_id", "number"),
        # one published plan a cohort: a second publish finds this in its way
        unique_where("published_at IS NOT NULL", "uq_plan_published", "cohort_id"),
    )


class PlanVersion(Table):
    """A change of who sits where in a published cohort, as the sessions it touched stood before and after it.

    `before` and `after`: {practice id: groups as `store.versions` writes them}. Any version of the whole plan can be
    read from these. `undone_at`: it was taken back while nobody had been told.
    """

    __tablename__ = "plan_version"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    number: Mapped[int]
    why: Mapped[str] = mapped_column(String(32))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID] = to("person.id", index=False)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    __table_args__ = (UniqueConstraint("cohort_id", "number"),)
