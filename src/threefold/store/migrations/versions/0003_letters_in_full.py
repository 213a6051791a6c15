"""Cancelled sessions, what each invitation said, what calendars answer, how letters are wanted, fours shared evenly."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from threefold.store.columns import Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def from_the_start() -> dict[str, list[sa.Column[Any]]]:
    """Columns that every row has; the defaults are for the rows that were there."""
    return {
        "person": [sa.Column("calendar_shows", sa.Text(), nullable=False, server_default="roles")],
        "cohort": [
            sa.Column("even_quads", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("declines_after", sa.Integer(), nullable=False, server_default="24"),
        ],
    }


def sometimes() -> dict[str, list[sa.Column[Any]]]:
    """Columns that may hold nothing."""
    return {
        "person": [sa.Column("unreachable_since", UtcDateTime())],
        "cohort": [sa.Column("invites_ahead", sa.Integer())],
        "practice_session": [sa.Column("cancelled_at", UtcDateTime()), sa.Column("cancelled_by", sa.Uuid())],
        "letter": [
            sa.Column("seat_id", sa.Uuid()),
            sa.Column("sequence", sa.Integer()),
            sa.Column("method", sa.String(8)),
            sa.Column("shows", Json()),
        ],
    }


def upgrade() -> None:
    for added in (from_the_start(), sometimes()):
        for table, columns in added.items():
            with op.batch_alter_table(table) as changing:
                for column in columns:
                    changing.add_column(column)
    for table, columns in from_the_start().items():
        with op.batch_alter_table(table) as changing:
            for column in columns:
                changing.alter_column(column.name, server_default=None)
    with op.batch_alter_table("person") as person:
        person.create_check_constraint(op.f("ck_person_calendar_shows"), "calendar_shows IN ('roles', 'quiet')")
    with op.batch_alter_table("letter") as letter:
        letter.create_foreign_key(op.f("fk_letter_seat_id"), "seat", ["seat_id"], ["id"])
    op.create_index(op.f("ix_letter_seat_id"), "letter", ["seat_id"], unique=False)
    op.create_table(
        "wish",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.CheckConstraint("how IN ('digest', 'off')", name=op.f("ck_wish_how")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_wish_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", name=op.f("pk_wish")),
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("proposes_start", UtcDateTime()),
        sa.Column("proposes_end", UtcDateTime()),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("settled_as", sa.String(16)),
        sa.CheckConstraint("answer IN ('accepted', 'declined', 'tentative', 'counter')", name=op.f("ck_reply_answer")),
        sa.CheckConstraint(
            "settled_as IN ('confirmed', 'coming', 'by_time', 'overtaken')", name=op.f("ck_reply_settled_as")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_reply_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("digest", name=op.f("uq_reply_digest")),
    )
    op.create_index(op.f("ix_reply_seat_id"), "reply", ["seat_id"], unique=False)


def downgrade() -> None:
    op.drop_table("reply")
    op.drop_table("wish")
    op.drop_index(op.f("ix_letter_seat_id"), "letter")
    with op.batch_alter_table("letter") as letter:
        letter.drop_constraint(op.f("fk_letter_seat_id"), type_="foreignkey")
    with op.batch_alter_table("person") as person:
        person.drop_constraint(op.f("ck_person_calendar_shows"), type_="check")
    for added in (sometimes(), from_the_start()):
        for table, columns in added.items():
            with op.batch_alter_table(table) as changing:
                for column in columns:
                    changing.drop_column(column.name)
