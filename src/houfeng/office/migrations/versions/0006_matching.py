"""Delivery of policies, needs, answers and authorisations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_matching"
down_revision = "0005_claims"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _lists()
    _needs()
    _consents()


def downgrade() -> None:
    """Versions only go forward."""


def _lists() -> None:
    op.create_table(
        "policy_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_on", sa.Date()),
        sa.Column("delivers", sa.String(80), nullable=False),
        sa.Column("pack", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(), nullable=False),
        sa.Column("examined", sa.Integer(), nullable=False),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("departed", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("published_at", sa.DateTime()),
        sa.Column("published_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_list"),
        sa.UniqueConstraint("policy", "number", name="uq_policy_list_policy_number"),
    )
    op.create_table(
        "policy_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("joined_in", sa.Integer(), nullable=False),
        sa.Column("joined_why", sa.JSON(), nullable=False),
        sa.Column("left_in", sa.Integer()),
        sa.Column("left_why", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_member"),
    )
    op.create_index("ix_policy_member_enterprise_id", "policy_member", ["enterprise_id"])
    op.create_index("ix_policy_member_policy_joined_in", "policy_member", ["policy", "joined_in"])
    op.create_index("ix_policy_member_policy_left_in", "policy_member", ["policy", "left_in"])
    op.create_table(
        "policy_recipient",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.Column("received_at", sa.DateTime()),
        sa.Column("received_by", sa.Integer()),
        sa.PrimaryKeyConstraint("list_id", "institution_id", name="pk_policy_recipient"),
        sa.ForeignKeyConstraint(["list_id"], ["policy_list.id"], name="fk_policy_recipient_list_id_policy_list"),
        sa.ForeignKeyConstraint(
            ["received_by"], ["user_account.id"], name="fk_policy_recipient_received_by_user_account"
        ),
    )
    op.create_table(
        "policy_chain",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("person", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("document_on", sa.Date()),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("contract_no", sa.String(100), nullable=False),
        sa.Column("note_no", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("lent", sa.Numeric(20, 2)),
        sa.Column("paid", sa.Numeric(20, 2)),
        sa.Column("sent_at", sa.DateTime()),
        sa.Column("received_at", sa.DateTime()),
        sa.Column("answered_at", sa.DateTime()),
        sa.Column("applied_at", sa.DateTime()),
        sa.Column("approved_at", sa.DateTime()),
        sa.Column("lent_at", sa.DateTime()),
        sa.Column("claimed_at", sa.DateTime()),
        sa.Column("paid_at", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_policy_chain"),
    )
    op.create_index("ix_policy_chain_institution_id_contract_no", "policy_chain", ["institution_id", "contract_no"])
    op.create_index("ix_policy_chain_policy_state", "policy_chain", ["policy", "state"])
    op.create_index("ix_policy_chain_subject", "policy_chain", ["subject"])
    op.create_table(
        "policy_chain_bank",
        sa.Column("chain_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "institution_id", name="pk_policy_chain_bank"),
        sa.ForeignKeyConstraint(["chain_id"], ["policy_chain.id"], name="fk_policy_chain_bank_chain_id_policy_chain"),
    )
    op.create_index("ix_policy_chain_bank_institution_id", "policy_chain_bank", ["institution_id"])
    op.create_table(
        "policy_chain_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer()),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_chain_step"),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name="fk_policy_chain_step_by_user_account"),
        sa.ForeignKeyConstraint(["chain_id"], ["policy_chain.id"], name="fk_policy_chain_step_chain_id_policy_chain"),
    )
    op.create_index("ix_policy_chain_step_chain_id", "policy_chain_step", ["chain_id"])


def _needs() -> None:
    op.create_table(
        "need_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("book_no", sa.String(60), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("enterprise_name", sa.String(200), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("guarantee", sa.String(10), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("chain_id", sa.Integer()),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("first_time", sa.Boolean()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("recommended_at", sa.DateTime()),
        sa.Column("disbursed_at", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_need_file"),
        sa.ForeignKeyConstraint(["chain_id"], ["policy_chain.id"], name="fk_need_file_chain_id_policy_chain"),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name="fk_need_file_created_by_user_account"),
        sa.UniqueConstraint("year", "serial", name="uq_need_file_year_serial"),
    )
    op.create_index("ix_need_file_book_no", "need_file", ["book_no"])
    op.create_index("ix_need_file_enterprise_id", "need_file", ["enterprise_id"])
    op.create_index("ix_need_file_state", "need_file", ["state"])
    op.create_table(
        "need_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("institution_name", sa.String(200), nullable=False),
        sa.Column("product", sa.String(80), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Numeric(10, 5)),
        sa.Column("chance", sa.Double()),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("answered_at", sa.DateTime()),
        sa.Column("contacted_at", sa.DateTime()),
        sa.Column("decided_at", sa.DateTime()),
        sa.Column("disbursed_at", sa.DateTime()),
        sa.Column("escalated_at", sa.DateTime()),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("amount", sa.Numeric(20, 2)),
        sa.Column("rate", sa.Numeric(10, 5)),
        sa.Column("term_months", sa.Integer()),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("contract_no", sa.String(100), nullable=False),
        sa.Column("note_no", sa.String(100), nullable=False),
        sa.Column("confirmed", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_need_offer"),
        sa.ForeignKeyConstraint(["need_id"], ["need_file.id"], name="fk_need_offer_need_id_need_file"),
        sa.UniqueConstraint(
            "need_id", "institution_id", "product", name="uq_need_offer_need_id_institution_id_product"
        ),
    )
    op.create_index("ix_need_offer_institution_id_state", "need_offer", ["institution_id", "state"])
    op.create_index("ix_need_offer_state_due_on", "need_offer", ["state", "due_on"])
    op.create_table(
        "need_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer()),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer()),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_need_step"),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name="fk_need_step_by_user_account"),
        sa.ForeignKeyConstraint(["need_id"], ["need_file.id"], name="fk_need_step_need_id_need_file"),
        sa.ForeignKeyConstraint(["offer_id"], ["need_offer.id"], name="fk_need_step_offer_id_need_offer"),
    )
    op.create_index("ix_need_step_need_id", "need_step", ["need_id"])
    op.create_table(
        "need_reminder",
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("offer_id", "kind", "due_on", name="pk_need_reminder"),
        sa.ForeignKeyConstraint(["offer_id"], ["need_offer.id"], name="fk_need_reminder_offer_id_need_offer"),
    )


def _consents() -> None:
    op.create_table(
        "authorisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("need_id", sa.Integer()),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime()),
        sa.Column("revoked_by", sa.Integer()),
        sa.Column("revoked_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_authorisation"),
        sa.ForeignKeyConstraint(["given_by"], ["user_account.id"], name="fk_authorisation_given_by_user_account"),
        sa.ForeignKeyConstraint(["need_id"], ["need_file.id"], name="fk_authorisation_need_id_need_file"),
        sa.ForeignKeyConstraint(["revoked_by"], ["user_account.id"], name="fk_authorisation_revoked_by_user_account"),
    )
    op.create_index(
        "ix_authorisation_enterprise_id_institution_id", "authorisation", ["enterprise_id", "institution_id"]
    )
    op.create_table(
        "entry_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime()),
        sa.Column("used_from", sa.String(60), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_entry_link"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_entry_link_user_id_user_account"),
        sa.UniqueConstraint("token_hash", name="uq_entry_link_token_hash"),
    )
    op.create_index("ix_entry_link_enterprise_id", "entry_link", ["enterprise_id"])
