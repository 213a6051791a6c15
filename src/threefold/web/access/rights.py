"""What somebody must be to reach a thing, and whether they have accepted what everybody accepts."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from sqlalchemy import bindparam

from threefold.core.contract import PRIVACY_VERSION
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, split
from threefold.store.tables import metadata
from threefold.store.within import NotYours, Within
from threefold.web.errors import MustAccept

T = TypeVar("T")


class Right(Enum):
    """What somebody must be in a cohort to reach a thing in it."""

    MEMBER = ("tutor", "trainee")
    TUTOR = ("tutor",)
    TRAINEE = ("trainee",)


_membership = metadata.tables["membership"]
MINE = (_membership.c.person_id == bindparam("me"), _membership.c.left_at.is_(None))
WITHIN = (CohortRow, MembershipRow)
AT_PRACTICE = (*WITHIN, PracticeRow)


def into(made: Callable[..., T], rows: tuple[type, ...]) -> Callable[..., T]:
    """What makes a value of the cells of these rows."""
    values = split(*rows)
    return lambda *cells: made(*values(*cells))


def has_accepted(within: Within) -> bool:
    """Whether notice and contract were accepted as they stand now. Who set the cohort up wrote them."""
    if within.cohort.created_by == within.membership.person_id:
        return True
    membership = within.membership
    return (
        membership.privacy_version == PRIVACY_VERSION and membership.contract_version == within.cohort.contract_version
    )


def admit(within: Within, right: Right) -> None:
    """Raises NotYours where the right is not held, or the term is not known yet; MustAccept where that comes first."""
    if within.membership.role not in right.value or (within.cohort.published_at is None and not within.is_tutor):
        raise NotYours
    if not has_accepted(within):
        raise MustAccept(within.cohort.id)
