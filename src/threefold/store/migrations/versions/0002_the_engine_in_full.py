"""How roles turn, pairs instead of quads, what a plan was drawn from, and who sits in a triad read from an index."""

import sqlalchemy as sa
from alembic import op

from threefold.store.columns import Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REMAINDERS = "remainder IN ('quads', 'pair_with_tutor'{more})"


def upgrade() -> None:
    with op.batch_alter_table("cohort") as cohort:
        cohort.add_column(sa.Column("turning", sa.Text(), nullable=False, server_default="client_rests"))
    with op.batch_alter_table("cohort") as cohort:
        cohort.alter_column("turning", server_default=None)  # the default was for the cohorts that were there
        cohort.drop_constraint(op.f("ck_cohort_remainder"), type_="check")
        cohort.create_check_constraint(op.f("ck_cohort_remainder"), REMAINDERS.format(more=", 'pairs_with_tutors'"))
        cohort.create_check_constraint(op.f("ck_cohort_turning"), "turning IN ('client_rests', 'client_counsels')")
    with op.batch_alter_table("plan") as plan:
        plan.add_column(sa.Column("steps", sa.Integer(), nullable=False, server_default="0"))
        plan.add_column(sa.Column("pins", Json(), nullable=False, server_default="[]"))
    with op.batch_alter_table("plan") as plan:
        plan.alter_column("steps", server_default=None)
        plan.alter_column("pins", server_default=None)
    op.drop_index("ix_seat_triad_id", "seat")
    op.create_index("ix_seat_triad_id", "seat", ["triad_id", "given_up_at", "membership_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_seat_triad_id", "seat")
    op.create_index("ix_seat_triad_id", "seat", ["triad_id"], unique=False)
    with op.batch_alter_table("plan") as plan:
        plan.drop_column("pins")
        plan.drop_column("steps")
    op.execute("UPDATE cohort SET remainder = 'pair_with_tutor' WHERE remainder = 'pairs_with_tutors'")
    with op.batch_alter_table("cohort") as cohort:
        cohort.drop_constraint(op.f("ck_cohort_turning"), type_="check")
        cohort.drop_constraint(op.f("ck_cohort_remainder"), type_="check")
        cohort.create_check_constraint(op.f("ck_cohort_remainder"), REMAINDERS.format(more=""))
        cohort.drop_column("turning")
