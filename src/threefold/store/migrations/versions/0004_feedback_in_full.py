"""Feedback in full: notes taken live, a focus's competency, nudges, practice ratings, private choices, concerns."""

import sqlalchemy as sa
from alembic import op

from threefold.store.columns import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "concern_reader",
    "framework_draft",
    "naming",
    "vignette_rating",
    "concern",
    "apart_request",
    "concern_look",
    "concern_note",
    "conversation",
    "preference",
    "note",
    "nudge",
    "observation",
    "piece_before",
)


def upgrade() -> None:
    with op.batch_alter_table("cohort") as cohort:
        cohort.add_column(sa.Column("looked_before", Json(), nullable=False, server_default="[]"))
    with op.batch_alter_table("cohort") as cohort:
        cohort.alter_column("looked_before", server_default=None)
    with op.batch_alter_table("focus") as focus:
        focus.add_column(sa.Column("code", sa.String(32)))
    with op.batch_alter_table("reply") as reply:
        reply.drop_constraint(op.f("ck_reply_settled_as"), type_="check")
        reply.create_check_constraint(
            op.f("ck_reply_settled_as"), "settled_as IN ('confirmed', 'coming', 'by_time', 'overtaken', 'kept')"
        )
    op.create_table(
        "concern_reader",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid()),
        sa.Column("ended_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_concern_reader_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_concern_reader")),
    )
    op.create_table(
        "framework_draft",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("framework_id", sa.String(length=64), nullable=False),
        sa.Column("framework_version", sa.String(length=32), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_framework_draft_person_id")),
        sa.PrimaryKeyConstraint("person_id", "framework_id", "framework_version", name=op.f("pk_framework_draft")),
    )
    op.create_table(
        "naming",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_naming_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_naming")),
    )
    op.create_table(
        "vignette_rating",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("vignette", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_vignette_rating_level")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_vignette_rating_person_id")),
        sa.PrimaryKeyConstraint("person_id", "vignette", "code", name=op.f("pk_vignette_rating")),
    )
    op.create_table(
        "concern",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime()),
        sa.Column("acknowledged_by", sa.Uuid()),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("closed_by", sa.Uuid()),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_concern_cohort_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_concern_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern")),
    )
    op.create_table(
        "apart_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("settled_by", sa.Uuid()),
        sa.Column("settled_as", sa.String(length=16)),
        sa.CheckConstraint(
            "settled_as IN ('kept_apart', 'left', 'taken_back')", name=op.f("ck_apart_request_settled_as")
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_apart_request_membership_id")),
        sa.ForeignKeyConstraint(["other_id"], ["membership.id"], name=op.f("fk_apart_request_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apart_request")),
    )
    op.create_table(
        "concern_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_concern_look_by")),
        sa.ForeignKeyConstraint(["concern_id"], ["concern.id"], name=op.f("fk_concern_look_concern_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_look")),
    )
    op.create_table(
        "concern_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_concern_note_by")),
        sa.ForeignKeyConstraint(["concern_id"], ["concern.id"], name=op.f("fk_concern_note_concern_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_note")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("talked_at", UtcDateTime()),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("about IN ('person', 'ratings')", name=op.f("ck_conversation_about")),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_conversation_by")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_conversation_cohort_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_conversation_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
    )
    op.create_table(
        "preference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("practice_id", sa.Uuid()),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.CheckConstraint("kind IN ('brief', 'not_client')", name=op.f("ck_preference_kind")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_preference_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_preference_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference")),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32)),
        sa.Column("effect", sa.String(length=16)),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("quoted", sa.Boolean(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime()),
        sa.CheckConstraint("effect IN ('helped', 'in_the_way')", name=op.f("ck_note_effect")),
        sa.ForeignKeyConstraint(["author_id"], ["membership.id"], name=op.f("fk_note_author_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_note_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_table(
        "nudge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["membership.id"], name=op.f("fk_nudge_author_id")),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_nudge_by")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_nudge_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudge")),
    )
    op.create_table(
        "observation",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["author_id"], ["membership.id"], name=op.f("fk_observation_author_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_observation_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", "author_id", name=op.f("pk_observation")),
    )
    op.create_table(
        "piece_before",
        sa.Column("piece_id", sa.Uuid(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("words", Json(), nullable=False),
        sa.Column("ratings", Json(), nullable=False),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name=op.f("fk_piece_before_piece_id")),
        sa.PrimaryKeyConstraint("piece_id", "until", name=op.f("pk_piece_before")),
    )
    op.create_index(op.f("ix_concern_person_id"), "concern", ["person_id"], unique=False)
    op.create_index(op.f("ix_apart_request_membership_id"), "apart_request", ["membership_id"], unique=False)
    op.create_index(op.f("ix_concern_look_concern_id"), "concern_look", ["concern_id"], unique=False)
    op.create_index(op.f("ix_concern_note_concern_id"), "concern_note", ["concern_id"], unique=False)
    op.create_index(op.f("ix_conversation_membership_id"), "conversation", ["membership_id"], unique=False)
    op.create_index(op.f("ix_preference_membership_id"), "preference", ["membership_id"], unique=False)
    op.create_index("ix_note_round", "note", ["triad_id", "round", "author_id"], unique=False)
    op.create_index(op.f("ix_nudge_author_id"), "nudge", ["author_id"], unique=False)
    op.create_index("ix_nudge_piece", "nudge", ["triad_id", "round", "author_id", "at"], unique=False)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("UPDATE reply SET settled_as = 'overtaken' WHERE settled_as = 'kept'")
    with op.batch_alter_table("reply") as reply:
        reply.drop_constraint(op.f("ck_reply_settled_as"), type_="check")
        reply.create_check_constraint(
            op.f("ck_reply_settled_as"), "settled_as IN ('confirmed', 'coming', 'by_time', 'overtaken')"
        )
    with op.batch_alter_table("focus") as focus:
        focus.drop_column("code")
    with op.batch_alter_table("cohort") as cohort:
        cohort.drop_column("looked_before")
