"""Disputes about what the book says, entries on the lists of credit, bundles of evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_conduct"
down_revision = "0006_matching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _disputes()
    _listings()
    _steps()
    _bundles()


def downgrade() -> None:
    """Versions only go forward."""


def _disputes() -> None:
    op.create_table(
        "conduct_dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("enterprise_name", sa.String(300), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("field", sa.String(60), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("value_zh", sa.Text(), nullable=False),
        sa.Column("value_en", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.String(80), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("reporter", sa.String(120), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("correction", sa.String(80), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("escalated_on", sa.Date()),
        sa.Column("filed_at", sa.DateTime(), nullable=False),
        sa.Column("filed_by", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime()),
        sa.Column("closed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_conduct_dispute"),
        sa.UniqueConstraint("year", "serial", name="uq_conduct_dispute_year_serial"),
        sa.ForeignKeyConstraint(["filed_by"], ["user_account.id"], name="fk_conduct_dispute_filed_by_user_account"),
    )
    op.create_index("ix_conduct_dispute_enterprise_id", "conduct_dispute", ["enterprise_id"])
    op.create_index("ix_conduct_dispute_institution_id_state", "conduct_dispute", ["institution_id", "state"])
    op.create_index("ix_conduct_dispute_state_due_on", "conduct_dispute", ["state", "due_on"])


def _listings() -> None:
    op.create_table(
        "conduct_listing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("list_kind", sa.String(20), nullable=False),
        sa.Column("ground", sa.String(40), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("enterprise_name", sa.String(300), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("authority", sa.String(200), nullable=False),
        sa.Column("document_no", sa.String(200), nullable=False),
        sa.Column("document_on", sa.Date()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("proposed_at", sa.DateTime(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("objection_until", sa.Date(), nullable=False),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("objected_at", sa.DateTime()),
        sa.Column("objection_answer", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Integer()),
        sa.Column("listed_on", sa.Date()),
        sa.Column("least_until", sa.Date()),
        sa.Column("until", sa.Date()),
        sa.Column("repair", sa.JSON(), nullable=False),
        sa.Column("left_on", sa.Date()),
        sa.Column("left_how", sa.String(20), nullable=False),
        sa.Column("left_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conduct_listing"),
        sa.UniqueConstraint("year", "serial", name="uq_conduct_listing_year_serial"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_conduct_listing_approval_id_approval"),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["user_account.id"], name="fk_conduct_listing_proposed_by_user_account"
        ),
    )
    op.create_index("ix_conduct_listing_enterprise_id", "conduct_listing", ["enterprise_id"])
    op.create_index("ix_conduct_listing_list_kind_state", "conduct_listing", ["list_kind", "state"])
    op.create_index("ix_conduct_listing_state_until", "conduct_listing", ["state", "until"])


def _steps() -> None:
    op.create_table(
        "conduct_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dispute_id", sa.Integer()),
        sa.Column("listing_id", sa.Integer()),
        sa.Column("move", sa.String(20), nullable=False),
        sa.Column("start", sa.String(20), nullable=False),
        sa.Column("to", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer()),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conduct_step"),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["conduct_dispute.id"], name="fk_conduct_step_dispute_id_conduct_dispute"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["conduct_listing.id"], name="fk_conduct_step_listing_id_conduct_listing"
        ),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name="fk_conduct_step_by_user_account"),
    )
    op.create_index("ix_conduct_step_dispute_id", "conduct_step", ["dispute_id"])
    op.create_index("ix_conduct_step_listing_id", "conduct_step", ["listing_id"])


def _bundles() -> None:
    op.create_table(
        "conduct_bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("enterprise_name", sa.String(300), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conduct_bundle"),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name="fk_conduct_bundle_made_by_user_account"),
    )
    op.create_index("ix_conduct_bundle_enterprise_id", "conduct_bundle", ["enterprise_id"])
