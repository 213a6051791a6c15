"""What every table shares: named constraints, types both databases agree on, keys and references."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, MetaData, Text, Time, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from threefold.store.columns import Json, UtcDateTime

# Every constraint has a name, so that a later revision can change it on both databases.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - the name and shape SQLAlchemy asks for
        UUID: Uuid(as_uuid=True),
        datetime: UtcDateTime(),
        date: Date(),
        time: Time(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
        str: Text(),
        bytes: LargeBinary(),
    }


metadata = Table.metadata


def key() -> Mapped[UUID]:
    return mapped_column(primary_key=True)


def to(target: str, *, index: bool = True) -> Mapped[Any]:
    """A reference that holds its target in place; removing anything is always said in an action."""
    return mapped_column(ForeignKey(target), index=index)


def index_where(condition: str, name: str, *columns: str) -> Index:
    """An index of those rows alone for which the condition, in SQL that both databases read, holds."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


def unique_where(condition: str, name: str, *columns: str) -> Index:
    """No two of the rows for which the condition holds have the same in these columns."""
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))
