"""The first schema."""

import sqlalchemy as sa
from alembic import op

from threefold.store.columns import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("verb", sa.String(length=48), nullable=False),
        sa.Column("subject", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deed")),
    )
    op.create_index("ix_deed_cohort", "deed", ["cohort_id", "at"], unique=False)
    op.create_table(
        "kept_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=False),
        sa.Column("network_digest", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_form")),
    )
    op.create_index(op.f("ix_kept_form_network_digest"), "kept_form", ["network_digest"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("pronouns", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("takes_feed_since", UtcDateTime(), nullable=True),
        sa.Column("feed_number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email_key", name=op.f("uq_person_email_key")),
    )
    op.create_table(
        "cohort",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("how_many", sa.Integer(), nullable=True),
        sa.Column("skip", Json(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("rooms", Json(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("practice_minutes", sa.Integer(), nullable=False),
        sa.Column("feedback_minutes", sa.Integer(), nullable=False),
        sa.Column("opening_minutes", sa.Integer(), nullable=False),
        sa.Column("closing_minutes", sa.Integer(), nullable=False),
        sa.Column("framework_id", sa.Text(), nullable=True),
        sa.Column("framework_version", sa.Text(), nullable=True),
        sa.Column("competencies", Json(), nullable=False),
        sa.Column("labels", Json(), nullable=False),
        sa.Column("remainder", sa.Text(), nullable=False),
        sa.Column("safeguarding_lead", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("contract_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("archived_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("remainder IN ('quads', 'pair_with_tutor')", name=op.f("ck_cohort_remainder")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_cohort_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
    )
    op.create_table(
        "framework",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_framework_added_by")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_framework")),
    )
    op.create_table(
        "sign_in_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("address_digest", sa.LargeBinary(), nullable=False),
        sa.Column("network_digest", sa.LargeBinary(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(), nullable=True),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("spent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_request")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_sign_in_request_link_digest")),
    )
    op.create_index("ix_sign_in_request_address", "sign_in_request", ["address_digest", "asked_at"], unique=False)
    op.create_index("ix_sign_in_request_network", "sign_in_request", ["network_digest", "asked_at"], unique=False)
    op.create_index(op.f("ix_sign_in_request_person_id"), "sign_in_request", ["person_id"], unique=False)
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_sign_in_session_token_digest")),
    )
    op.create_index(op.f("ix_sign_in_session_person_id"), "sign_in_session", ["person_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_staff")),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("once", sa.Text(), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_letter_cohort_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("message_id", name=op.f("uq_letter_message_id")),
        sa.UniqueConstraint("once", name=op.f("uq_letter_once")),
    )
    op.create_index(op.f("ix_letter_cohort_id"), "letter", ["cohort_id"], unique=False)
    op.create_index("ix_letter_lane", "letter", ["lane", "id"], unique=False)
    op.create_index(op.f("ix_letter_person_id"), "letter", ["person_id"], unique=False)
    op.create_index(
        "ix_letter_waiting",
        "letter",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND stopped_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND stopped_at IS NULL"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("joined_by", sa.Uuid(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("left_by", sa.Uuid(), nullable=True),
        sa.Column("privacy_version", sa.Text(), nullable=True),
        sa.Column("contract_version", sa.Integer(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('tutor', 'trainee')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_membership_cohort_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("cohort_id", "person_id", name=op.f("uq_membership_cohort_id_person_id")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cohort_version", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("groups", Json(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_plan_cohort_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("cohort_id", "number", name=op.f("uq_plan_cohort_id_number")),
    )
    op.create_index(
        "uq_plan_published",
        "plan",
        ["cohort_id"],
        unique=True,
        sqlite_where=sa.text("published_at IS NOT NULL"),
        postgresql_where=sa.text("published_at IS NOT NULL"),
    )
    op.create_table(
        "practice_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_practice_session_cohort_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_session")),
        sa.UniqueConstraint("cohort_id", "number", name=op.f("uq_practice_session_cohort_id_number")),
    )
    op.create_index("ix_practice_session_ends", "practice_session", ["ends_at"], unique=False)
    op.create_table(
        "away",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_away_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_away_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "membership_id", name=op.f("pk_away")),
    )
    op.create_table(
        "keep_apart",
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("one", sa.Uuid(), nullable=False),
        sa.Column("other", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_keep_apart_cohort_id")),
        sa.ForeignKeyConstraint(["one"], ["membership.id"], name=op.f("fk_keep_apart_one")),
        sa.ForeignKeyConstraint(["other"], ["membership.id"], name=op.f("fk_keep_apart_other")),
        sa.PrimaryKeyConstraint("cohort_id", "one", "other", name=op.f("pk_keep_apart")),
    )
    op.create_table(
        "triad",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("tutor_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_triad_practice_id")),
        sa.ForeignKeyConstraint(["tutor_id"], ["membership.id"], name=op.f("fk_triad_tutor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triad")),
        sa.UniqueConstraint("practice_id", "number", name=op.f("uq_triad_practice_id_number")),
    )
    op.create_index(op.f("ix_triad_tutor_id"), "triad", ["tutor_id"], unique=False)
    op.create_table(
        "clearance",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_clearance_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", name=op.f("pk_clearance")),
    )
    op.create_table(
        "focus",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_focus_membership_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_focus_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", name=op.f("pk_focus")),
    )
    op.create_index(op.f("ix_focus_membership_id"), "focus", ["membership_id"], unique=False)
    op.create_table(
        "opening",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_opening_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", name=op.f("pk_opening")),
    )
    op.create_table(
        "piece",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("words", Json(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("skipped_at", UtcDateTime(), nullable=True),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('observer', 'client', 'self')", name=op.f("ck_piece_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["membership.id"], name=op.f("fk_piece_author_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_piece_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece")),
        sa.UniqueConstraint("triad_id", "round", "author_id", name=op.f("uq_piece_triad_id_round_author_id")),
    )
    op.create_index(op.f("ix_piece_author_id"), "piece", ["author_id"], unique=False)
    op.create_table(
        "piece_draft",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["membership.id"], name=op.f("fk_piece_draft_author_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_piece_draft_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", "author_id", name=op.f("pk_piece_draft")),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("given_up_at", UtcDateTime(), nullable=True),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_seat_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_seat_practice_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_seat_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("uid", name=op.f("uq_seat_uid")),
    )
    op.create_index(op.f("ix_seat_membership_id"), "seat", ["membership_id"], unique=False)
    op.create_index(op.f("ix_seat_triad_id"), "seat", ["triad_id"], unique=False)
    op.create_index(
        "uq_seat_held",
        "seat",
        ["practice_id", "membership_id"],
        unique=True,
        sqlite_where=sa.text("given_up_at IS NULL"),
        postgresql_where=sa.text("given_up_at IS NULL"),
    )
    op.create_table(
        "addendum",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("piece_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name=op.f("fk_addendum_piece_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addendum")),
    )
    op.create_index(op.f("ix_addendum_piece_id"), "addendum", ["piece_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("piece_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('thanks', 'question', 'unease')", name=op.f("ck_answer_kind")),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name=op.f("fk_answer_piece_id")),
        sa.PrimaryKeyConstraint("piece_id", "kind", name=op.f("pk_answer")),
    )
    op.create_table(
        "rating",
        sa.Column("piece_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("moments", Json(), nullable=False),
        sa.Column("cues", Json(), nullable=False),
        sa.Column("what_was_said", sa.Text(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_rating_level")),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name=op.f("fk_rating_piece_id")),
        sa.PrimaryKeyConstraint("piece_id", "code", name=op.f("pk_rating")),
    )
    op.create_table(
        "turn",
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role IN ('counsellor', 'client', 'observer')", name=op.f("ck_turn_role")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_turn_seat_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_turn_triad_id")),
        sa.PrimaryKeyConstraint("triad_id", "round", "seat_id", name=op.f("pk_turn")),
    )
    op.create_index(
        "uq_turn_one_client",
        "turn",
        ["triad_id", "round"],
        unique=True,
        sqlite_where=sa.text("role = 'client'"),
        postgresql_where=sa.text("role = 'client'"),
    )
    op.create_index(
        "uq_turn_one_counsellor",
        "turn",
        ["triad_id", "round"],
        unique=True,
        sqlite_where=sa.text("role = 'counsellor'"),
        postgresql_where=sa.text("role = 'counsellor'"),
    )
    op.create_table(
        "withdrawal",
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("taken_back_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_withdrawal_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_withdrawal")),
    )


def downgrade() -> None:
    op.drop_table("withdrawal")
    op.drop_table("turn")
    op.drop_table("rating")
    op.drop_table("answer")
    op.drop_table("addendum")
    op.drop_table("seat")
    op.drop_table("piece_draft")
    op.drop_table("piece")
    op.drop_table("opening")
    op.drop_table("focus")
    op.drop_table("clearance")
    op.drop_table("triad")
    op.drop_table("keep_apart")
    op.drop_table("away")
    op.drop_table("practice_session")
    op.drop_table("plan")
    op.drop_table("membership")
    op.drop_table("letter")
    op.drop_table("staff")
    op.drop_table("sign_in_session")
    op.drop_table("sign_in_request")
    op.drop_table("framework")
    op.drop_table("cohort")
    op.drop_table("person")
    op.drop_table("kept_form")
    op.drop_table("deed")
