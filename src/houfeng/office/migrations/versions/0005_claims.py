"""Claims, their lines, the quota and the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_claims"
down_revision = "0004_packs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("label_zh", sa.String(200), nullable=False),
        sa.Column("label_en", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("exclusive", sa.String(80), nullable=False),
        sa.Column("comes_back", sa.Boolean(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("institution_name", sa.String(200), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(), nullable=False),
        sa.Column("pack", sa.String(80), nullable=False),
        sa.Column("pack_digest", sa.String(64), nullable=False),
        sa.Column("not_kept", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Numeric(20, 2), nullable=False),
        sa.Column("granted", sa.Numeric(20, 2), nullable=False),
        sa.Column("outstanding", sa.Numeric(20, 2), nullable=False),
        sa.Column("rate", sa.Numeric(10, 5), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("extensions_allowed", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_claim_approval_id_approval"),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name="fk_claim_created_by_user_account"),
        sa.ForeignKeyConstraint(["submitted_by"], ["user_account.id"], name="fk_claim_submitted_by_user_account"),
        sa.UniqueConstraint("year", "serial", name="uq_claim_year_serial"),
    )
    op.create_index("ix_claim_institution_id_instrument", "claim", ["institution_id", "instrument"])
    op.create_index("ix_claim_region", "claim", ["region"])
    op.create_index("ix_claim_state", "claim", ["state"])
    op.create_table(
        "claim_slot",
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "instrument", "first", name="pk_claim_slot"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_slot_claim_id_claim"),
        sa.UniqueConstraint("claim_id", name="uq_claim_slot_claim_id"),
    )
    op.create_table(
        "claim_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("contract_no", sa.String(120), nullable=False),
        sa.Column("note_no", sa.String(120), nullable=False),
        sa.Column("item_no", sa.String(120), nullable=False),
        sa.Column("borrower_id", sa.String(60), nullable=False),
        sa.Column("counted_from", sa.Date(), nullable=False),
        sa.Column("counted_to", sa.Date(), nullable=False),
        sa.Column("base", sa.Numeric(20, 2), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.Column("central", sa.Numeric(20, 2), nullable=False),
        sa.Column("drawn", sa.Numeric(20, 2), nullable=True),
        sa.Column("granted", sa.Numeric(20, 2), nullable=False),
        sa.Column("outstanding", sa.Numeric(20, 2), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_claim_line"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_line_claim_id_claim"),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name="fk_claim_line_decided_by_user_account"),
        sa.UniqueConstraint(
            "claim_id", "contract_no", "note_no", "item_no", name="uq_claim_line_claim_id_contract_no_note_no_item_no"
        ),
    )
    op.create_index("ix_claim_line_borrower_id", "claim_line", ["borrower_id"])
    op.create_index("ix_claim_line_claim_id_state", "claim_line", ["claim_id", "state"])
    op.create_table(
        "claim_hold",
        sa.Column("exclusive", sa.String(80), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("contract_no", sa.String(120), nullable=False),
        sa.Column("note_no", sa.String(120), nullable=False),
        sa.Column("item_no", sa.String(120), nullable=False),
        sa.Column("slot", sa.String(10), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("counted_from", sa.Date(), nullable=False),
        sa.Column("counted_to", sa.Date(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "exclusive", "institution_id", "contract_no", "note_no", "item_no", "slot", name="pk_claim_hold"
        ),
        sa.ForeignKeyConstraint(["line_id"], ["claim_line.id"], name="fk_claim_hold_line_id_claim_line"),
        sa.UniqueConstraint("line_id", name="uq_claim_hold_line_id"),
    )
    op.create_table(
        "claim_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(20), nullable=False),
        sa.Column("start", sa.String(20), nullable=False),
        sa.Column("to", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_step"),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name="fk_claim_step_by_user_account"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_step_claim_id_claim"),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name="fk_claim_step_proposed_by_user_account"),
        sa.UniqueConstraint("claim_id", "number", name="uq_claim_step_claim_id_number"),
    )
    op.create_table(
        "claim_quota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("label_zh", sa.String(200), nullable=False),
        sa.Column("label_en", sa.String(200), nullable=False),
        sa.Column("ceiling", sa.Numeric(20, 2), nullable=True),
        sa.Column("used", sa.Numeric(20, 2), nullable=False),
        sa.Column("frozen", sa.Numeric(20, 2), nullable=False),
        sa.Column("returned", sa.Numeric(20, 2), nullable=False),
        sa.Column("revolving", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_quota"),
        sa.CheckConstraint("frozen >= 0", name=op.f("ck_claim_quota_frozen")),
        sa.CheckConstraint("used + frozen <= ceiling", name=op.f("ck_claim_quota_ceiling")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_claim_quota_used")),
        sa.ForeignKeyConstraint(["parent_id"], ["claim_quota.id"], name="fk_claim_quota_parent_id_claim_quota"),
        sa.UniqueConstraint("name", name="uq_claim_quota_name"),
    )
    op.create_index("ix_claim_quota_parent_id", "claim_quota", ["parent_id"])
    op.create_table(
        "claim_quota_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("quota_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("act", sa.String(10), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=True),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_quota_move"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_quota_move_claim_id_claim"),
        sa.ForeignKeyConstraint(["quota_id"], ["claim_quota.id"], name="fk_claim_quota_move_quota_id_claim_quota"),
    )
    op.create_index("ix_claim_quota_move_claim_id", "claim_quota_move", ["claim_id"])
    op.create_index("ix_claim_quota_move_quota_id_day", "claim_quota_move", ["quota_id", "day"])
    op.create_table(
        "claim_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_entry"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_entry_claim_id_claim"),
    )
    op.create_index("ix_claim_entry_claim_id", "claim_entry", ["claim_id"])
    op.create_index(
        "ix_claim_entry_instrument_institution_id_day", "claim_entry", ["instrument", "institution_id", "day"]
    )
    op.create_table(
        "claim_posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(30), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_posting"),
        sa.ForeignKeyConstraint(["entry_id"], ["claim_entry.id"], name="fk_claim_posting_entry_id_claim_entry"),
    )
    op.create_index("ix_claim_posting_account", "claim_posting", ["account"])
    op.create_index("ix_claim_posting_entry_id", "claim_posting", ["entry_id"])
    op.create_table(
        "claim_ban",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(), nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim_ban"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_ban_claim_id_claim"),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name="fk_claim_ban_made_by_user_account"),
    )
    op.create_index("ix_claim_ban_institution_id", "claim_ban", ["institution_id"])
    op.create_table(
        "claim_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(80), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=True),
        sa.Column("institutions", sa.JSON(), nullable=True),
        sa.Column("projection", sa.JSON(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_claim_audit"),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name="fk_claim_audit_made_by_user_account"),
    )
    op.create_table(
        "claim_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(40), nullable=False),
        sa.Column("chance", sa.String(40), nullable=False),
        sa.Column("why_zh", sa.Text(), nullable=False),
        sa.Column("why_en", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("error", sa.Numeric(20, 2), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Integer(), nullable=True),
        sa.Column("found_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_claim_sample"),
        sa.ForeignKeyConstraint(["audit_id"], ["claim_audit.id"], name="fk_claim_sample_audit_id_claim_audit"),
        sa.ForeignKeyConstraint(["found_by"], ["user_account.id"], name="fk_claim_sample_found_by_user_account"),
        sa.ForeignKeyConstraint(["line_id"], ["claim_line.id"], name="fk_claim_sample_line_id_claim_line"),
        sa.UniqueConstraint("audit_id", "line_id", name="uq_claim_sample_audit_id_line_id"),
    )
    op.create_index("ix_claim_sample_line_id", "claim_sample", ["line_id"])


def downgrade() -> None:
    """Versions only go forward."""
