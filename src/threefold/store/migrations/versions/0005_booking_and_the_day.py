"""Availability, extra practice, swaps, versions of a plan, what really happened, guests, shapes of one session."""

import sqlalchemy as sa
from alembic import op

from threefold.store.columns import Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "access_need",
    "brief_taken",
    "one_off_day",
    "own_calendar",
    "usual_week",
    "guest",
    "plan_version",
    "practice_window",
    "window_offer",
    "pin_try",
    "link_try",
    "session_rating",
    "standby",
    "clock_press",
    "encounter",
    "happening",
    "please_come",
    "waiting",
    "swap_request",
)


def upgrade() -> None:
    op.create_table(
        "access_need",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("need", sa.String(length=16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "need IN ('step_free', 'hearing_loop', 'quiet', 'near_exit')", name=op.f("ck_access_need_need")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_access_need_person_id")),
        sa.PrimaryKeyConstraint("person_id", "need", name=op.f("pk_access_need")),
    )
    op.create_table(
        "brief_taken",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_brief_taken_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_brief_taken_practice_id")),
        sa.PrimaryKeyConstraint("membership_id", "practice_id", name=op.f("pk_brief_taken")),
    )
    op.create_table(
        "one_off_day",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("marks", Json(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_one_off_day_person_id")),
        sa.PrimaryKeyConstraint("person_id", "on", name=op.f("pk_one_off_day")),
    )
    op.create_table(
        "own_calendar",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("busy", Json(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_own_calendar_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_own_calendar")),
    )
    op.create_table(
        "usual_week",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("marks", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_usual_week_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_usual_week")),
    )
    op.create_table(
        "guest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("most_a_day", sa.Integer(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_guest_cohort_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_guest_invited_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_guest_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_guest_link_digest")),
    )
    op.create_index(op.f("ix_guest_cohort_id"), "guest", ["cohort_id"], unique=False)
    op.create_index(op.f("ix_guest_person_id"), "guest", ["person_id"], unique=False)
    op.create_table(
        "plan_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("before", Json(), nullable=False),
        sa.Column("after", Json(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_plan_version_cohort_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_plan_version_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
        sa.UniqueConstraint("cohort_id", "number", name=op.f("uq_plan_version_cohort_id_number")),
    )
    op.create_table(
        "practice_window",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("times", Json(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("shape", Json(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("rooms", Json(), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("most_each", sa.Integer(), nullable=False),
        sa.Column("if_two", sa.String(length=16), nullable=False),
        sa.Column("steps_out_until", sa.Integer(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.Column("called_off_at", UtcDateTime(), nullable=True),
        sa.Column("called_off_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("if_two IN ('go_ahead', 'call_off')", name=op.f("ck_practice_window_if_two")),
        sa.CheckConstraint("mode IN ('room', 'online')", name=op.f("ck_practice_window_mode")),
        sa.CheckConstraint("way IN ('joined', 'matched')", name=op.f("ck_practice_window_way")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_practice_window_cohort_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_practice_window_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_window")),
    )
    op.create_index(op.f("ix_practice_window_cohort_id"), "practice_window", ["cohort_id"], unique=False)
    op.create_table(
        "window_offer",
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("times", Json(), nullable=False),
        sa.Column("wants", sa.Integer(), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("taken_back_at", UtcDateTime(), nullable=True),
        sa.Column("unplaced", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_window_offer_membership_id")),
        sa.ForeignKeyConstraint(["window_id"], ["practice_window.id"], name=op.f("fk_window_offer_window_id")),
        sa.PrimaryKeyConstraint("window_id", "membership_id", name=op.f("pk_window_offer")),
    )
    op.create_table(
        "pin_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pin_try_person_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_pin_try_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin_try")),
    )
    op.create_index("ix_pin_try_person", "pin_try", ["practice_id", "person_id", "at"], unique=False)
    op.create_table(
        "link_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_try")),
    )
    op.create_index(op.f("ix_link_try_at"), "link_try", ["at"], unique=False)
    op.create_index("ix_link_try_network", "link_try", ["network_digest", "at"], unique=False)
    op.create_table(
        "session_rating",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("answers", Json(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_session_rating_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_session_rating_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "membership_id", name=op.f("pk_session_rating")),
    )
    op.create_table(
        "standby",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_standby_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_standby_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "membership_id", name=op.f("pk_standby")),
    )
    op.create_table(
        "clock_press",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "what IN ('start', 'pause', 'resume', 'extend', 'next', 'back', 'stop')", name=op.f("ck_clock_press_what")
        ),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_clock_press_by")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_clock_press_practice_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_clock_press_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_press")),
    )
    op.create_index("ix_clock_press_practice", "clock_press", ["practice_id", "at"], unique=False)
    op.create_table(
        "encounter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("guest_id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("brief", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("instead_of", sa.Uuid(), nullable=True),
        sa.Column("called_off_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("felt", Json(), nullable=True),
        sa.Column("felt_at", UtcDateTime(), nullable=True),
        sa.Column("stepped_out", Json(), nullable=False),
        sa.Column("stepped_out_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("answer IN ('accepted', 'declined')", name=op.f("ck_encounter_answer")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_encounter_asked_by")),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_encounter_guest_id")),
        sa.ForeignKeyConstraint(["instead_of"], ["membership.id"], name=op.f("fk_encounter_instead_of")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_encounter_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("guest_id", "triad_id", "round", name=op.f("uq_encounter_guest_id_triad_id_round")),
    )
    op.create_index(op.f("ix_encounter_guest_id"), "encounter", ["guest_id"], unique=False)
    op.create_index(
        "uq_encounter_round",
        "encounter",
        ["triad_id", "round"],
        unique=True,
        sqlite_where=sa.text("called_off_at IS NULL AND (answer IS NULL OR answer = 'accepted')"),
        postgresql_where=sa.text("called_off_at IS NULL AND (answer IS NULL OR answer = 'accepted')"),
    )
    op.create_table(
        "happening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("triad_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "how IN ('tap', 'pin', 'code', 'tutor', 'clock', 'correction')", name=op.f("ck_happening_how")
        ),
        sa.CheckConstraint("kind IN ('here', 'role', 'mode', 'tutor')", name=op.f("ck_happening_kind")),
        sa.CheckConstraint("until_at IS NULL OR until_at >= from_at", name=op.f("ck_happening_interval")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_happening_membership_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_happening_practice_id")),
        sa.ForeignKeyConstraint(["replaces"], ["happening.id"], name=op.f("fk_happening_replaces")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_happening_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happening")),
        sa.UniqueConstraint("replaces", name=op.f("uq_happening_replaces")),
    )
    op.create_index(op.f("ix_happening_membership_id"), "happening", ["membership_id"], unique=False)
    op.create_index("ix_happening_practice", "happening", ["practice_id", "kind"], unique=False)
    op.create_table(
        "please_come",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("triad_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("coming_at", UtcDateTime(), nullable=True),
        sa.Column("coming_by", sa.Uuid(), nullable=True),
        sa.Column("taken_back_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_please_come_membership_id")),
        sa.ForeignKeyConstraint(["triad_id"], ["triad.id"], name=op.f("fk_please_come_triad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_please_come")),
    )
    op.create_index(op.f("ix_please_come_triad_id"), "please_come", ["triad_id"], unique=False)
    op.create_index(
        "uq_please_come_open",
        "please_come",
        ["triad_id"],
        unique=True,
        sqlite_where=sa.text("coming_at IS NULL AND taken_back_at IS NULL"),
        postgresql_where=sa.text("coming_at IS NULL AND taken_back_at IS NULL"),
    )
    op.create_table(
        "waiting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("offered_triad_id", sa.Uuid(), nullable=True),
        sa.Column("offered_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_as", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "settled_as IN ('taken', 'declined', 'expired', 'left', 'overtaken')", name=op.f("ck_waiting_settled_as")
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_waiting_membership_id")),
        sa.ForeignKeyConstraint(["offered_triad_id"], ["triad.id"], name=op.f("fk_waiting_offered_triad_id")),
        sa.ForeignKeyConstraint(["practice_id"], ["practice_session.id"], name=op.f("fk_waiting_practice_id")),
        sa.ForeignKeyConstraint(["window_id"], ["practice_window.id"], name=op.f("fk_waiting_window_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
    )
    op.create_index(op.f("ix_waiting_membership_id"), "waiting", ["membership_id"], unique=False)
    op.create_index(op.f("ix_waiting_offered_triad_id"), "waiting", ["offered_triad_id"], unique=False)
    op.create_index(op.f("ix_waiting_practice_id"), "waiting", ["practice_id"], unique=False)
    op.create_index(
        "uq_waiting_open",
        "waiting",
        ["window_id", "membership_id", "practice_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "swap_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("asked_id", sa.Uuid(), nullable=False),
        sa.Column("in_return_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_as", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "settled_as IN ('accepted', 'declined', 'expired', 'taken_back', 'overtaken')",
            name=op.f("ck_swap_request_settled_as"),
        ),
        sa.ForeignKeyConstraint(["asked_id"], ["membership.id"], name=op.f("fk_swap_request_asked_id")),
        sa.ForeignKeyConstraint(["in_return_id"], ["seat.id"], name=op.f("fk_swap_request_in_return_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_swap_request_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swap_request")),
    )
    op.create_index(op.f("ix_swap_request_asked_id"), "swap_request", ["asked_id"], unique=False)
    op.create_index(
        "uq_swap_request_open",
        "swap_request",
        ["seat_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_swap_request_waiting",
        "swap_request",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_swap_request_in_return",
        "swap_request",
        ["in_return_id"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    with op.batch_alter_table("cohort") as cohort:
        cohort.add_column(sa.Column("notice_hours", sa.Integer(), nullable=False, server_default="24"))
        cohort.add_column(sa.Column("phone", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("cohort") as cohort:
        cohort.alter_column("notice_hours", server_default=None)
        cohort.alter_column("phone", server_default=None)
    with op.batch_alter_table("practice_session") as practice_session:
        practice_session.add_column(sa.Column("shape", Json(), nullable=True))
        practice_session.add_column(sa.Column("window_id", sa.Uuid(), nullable=True))
        practice_session.add_column(sa.Column("pin_since", UtcDateTime(), nullable=True))
        practice_session.create_index(op.f("ix_practice_session_window_id"), ["window_id"], unique=False)
        practice_session.create_foreign_key(
            op.f("fk_practice_session_window_id"), "practice_window", ["window_id"], ["id"]
        )
    op.create_index(op.f("ix_keep_apart_one"), "keep_apart", ["one"], unique=False)
    op.create_index(op.f("ix_keep_apart_other"), "keep_apart", ["other"], unique=False)
    op.create_index("ix_turn_seat_id", "turn", ["seat_id", "round", "role"], unique=False)
    op.create_index(
        "uq_seat_position",
        "seat",
        ["triad_id", "position"],
        unique=True,
        sqlite_where=sa.text("given_up_at IS NULL"),
        postgresql_where=sa.text("given_up_at IS NULL"),
    )
    with op.batch_alter_table("triad") as triad:
        triad.add_column(sa.Column("places", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("triad") as triad:
        triad.drop_column("places")
    op.drop_index("uq_seat_position", "seat")
    op.drop_index("ix_turn_seat_id", "turn")
    op.drop_index(op.f("ix_keep_apart_other"), "keep_apart")
    op.drop_index(op.f("ix_keep_apart_one"), "keep_apart")
    with op.batch_alter_table("practice_session") as practice_session:
        practice_session.drop_constraint(op.f("fk_practice_session_window_id"), type_="foreignkey")
        practice_session.drop_index(op.f("ix_practice_session_window_id"))
        practice_session.drop_column("pin_since")
        practice_session.drop_column("window_id")
        practice_session.drop_column("shape")
    with op.batch_alter_table("cohort") as cohort:
        cohort.drop_column("phone")
        cohort.drop_column("notice_hours")
    for table in reversed(TABLES):
        op.drop_table(table)
