"""Cases: files, moves, members, plans, votes, measures, commitments, documents, briefings."""

import sqlalchemy as sa
from alembic import op

revision = "0003_cases"
down_revision = "0002_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _files()
    _plans()
    _promises()
    _office()


def _files() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("enterprise_name", sa.String(200), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("exposure", sa.Numeric(20, 2)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_since", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("owner_id", sa.Integer()),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("clue", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("informant", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("outcome_note", sa.Text(), nullable=False),
        sa.Column("recovered", sa.Numeric(20, 2)),
        sa.Column("previous_id", sa.Integer()),
        sa.Column("approval_id", sa.Integer()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_case_file_approval_id_approval"),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name="fk_case_file_created_by_user_account"),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name="fk_case_file_owner_id_user_account"),
        sa.ForeignKeyConstraint(["previous_id"], ["case_file.id"], name="fk_case_file_previous_id_case_file"),
        sa.UniqueConstraint("year", "serial", name="uq_case_file_year_serial"),
    )
    op.create_index("ix_case_file_enterprise_id", "case_file", ["enterprise_id"])
    op.create_index("ix_case_file_owner_id_state", "case_file", ["owner_id", "state"])
    op.create_index("ix_case_file_state_due_on", "case_file", ["state", "due_on"])
    op.create_table(
        "case_slot",
        sa.Column("enterprise_id", sa.String(60), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "type", name="pk_case_slot"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_slot_case_id_case_file"),
        sa.UniqueConstraint("case_id", name="uq_case_slot_case_id"),
    )
    op.create_table(
        "case_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(20), nullable=False),
        sa.Column("start", sa.String(20), nullable=False),
        sa.Column("to", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.Integer()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_step"),
        sa.ForeignKeyConstraint(["by"], ["user_account.id"], name="fk_case_step_by_user_account"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_step_case_id_case_file"),
        sa.ForeignKeyConstraint(["proposed_by"], ["user_account.id"], name="fk_case_step_proposed_by_user_account"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_step_case_id_number"),
    )
    op.create_table(
        "case_alert",
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(160), nullable=False),
        sa.Column("rule_id", sa.String(40), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("attached_at", sa.DateTime(), nullable=False),
        sa.Column("attached_by", sa.Integer()),
        sa.PrimaryKeyConstraint("alert_id", name="pk_case_alert"),
        sa.ForeignKeyConstraint(["attached_by"], ["user_account.id"], name="fk_case_alert_attached_by_user_account"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_alert_case_id_case_file"),
    )
    op.create_index("ix_case_alert_case_id", "case_alert", ["case_id"])
    op.create_table(
        "case_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attached_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_document"),
        sa.ForeignKeyConstraint(["attached_by"], ["user_account.id"], name="fk_case_document_attached_by_user_account"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_document_case_id_case_file"),
    )
    op.create_index("ix_case_document_case_id", "case_document", ["case_id"])
    op.create_table(
        "case_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(20), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_case_member"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_member_case_id_case_file"),
    )
    op.create_index("ix_case_member_case_id", "case_member", ["case_id"])
    op.create_index("ix_case_member_institution_id", "case_member", ["institution_id"])


def _plans() -> None:
    op.create_table(
        "case_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("creditors", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("submitted_by", sa.Integer()),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_case_plan"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_plan_case_id_case_file"),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name="fk_case_plan_decided_by_user_account"),
        sa.ForeignKeyConstraint(["submitted_by"], ["user_account.id"], name="fk_case_plan_submitted_by_user_account"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_plan_case_id_number"),
    )
    op.create_table(
        "case_vote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("vote", sa.String(10), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_vote"),
        sa.ForeignKeyConstraint(["plan_id"], ["case_plan.id"], name="fk_case_vote_plan_id_case_plan"),
        sa.ForeignKeyConstraint(["recorded_by"], ["user_account.id"], name="fk_case_vote_recorded_by_user_account"),
        sa.UniqueConstraint("plan_id", "institution_id", name="uq_case_vote_plan_id_institution_id"),
    )
    op.create_table(
        "case_measure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2)),
        sa.Column("rate", sa.Numeric(10, 5)),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("unit", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("done_on", sa.Date()),
        sa.Column("done_amount", sa.Numeric(20, 2)),
        sa.Column("proof_id", sa.Integer()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_measure"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_measure_case_id_case_file"),
        sa.ForeignKeyConstraint(["plan_id"], ["case_plan.id"], name="fk_case_measure_plan_id_case_plan"),
        sa.ForeignKeyConstraint(["proof_id"], ["case_document.id"], name="fk_case_measure_proof_id_case_document"),
        sa.UniqueConstraint("plan_id", "key", name="uq_case_measure_plan_id_key"),
    )
    op.create_index("ix_case_measure_case_id", "case_measure", ["case_id"])
    op.create_index("ix_case_measure_state_due_on", "case_measure", ["state", "due_on"])


def _promises() -> None:
    op.create_table(
        "case_commitment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("institution_id", sa.String(60), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2)),
        sa.Column("rate", sa.Numeric(10, 5)),
        sa.Column("baseline", sa.Numeric(20, 2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_commitment"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_commitment_case_id_case_file"),
        sa.ForeignKeyConstraint(["measure_id"], ["case_measure.id"], name="fk_case_commitment_measure_id_case_measure"),
        sa.UniqueConstraint("measure_id", name="uq_case_commitment_measure_id"),
    )
    op.create_index("ix_case_commitment_active", "case_commitment", ["active"])
    op.create_index("ix_case_commitment_case_id", "case_commitment", ["case_id"])
    op.create_table(
        "case_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commitment_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("found_zh", sa.Text(), nullable=False),
        sa.Column("found_en", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_check"),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["case_commitment.id"], name="fk_case_check_commitment_id_case_commitment"
        ),
        sa.UniqueConstraint("commitment_id", "period", "known_at", name="uq_case_check_commitment_id_period_known_at"),
    )
    op.create_table(
        "case_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("commitment_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime()),
        sa.Column("settled_by", sa.Integer()),
        sa.Column("settled_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_finding"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_finding_case_id_case_file"),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["case_commitment.id"], name="fk_case_finding_commitment_id_case_commitment"
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["user_account.id"], name="fk_case_finding_settled_by_user_account"),
        sa.UniqueConstraint("commitment_id", "period", name="uq_case_finding_commitment_id_period"),
    )
    op.create_index("ix_case_finding_case_id", "case_finding", ["case_id"])


def _office() -> None:
    op.create_table(
        "case_reminder",
        sa.Column("about", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("about", "kind", "due_on", name="pk_case_reminder"),
    )
    op.create_table(
        "briefing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cadence", sa.String(10), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.Integer()),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_briefing"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_briefing_job_id_job"),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name="fk_briefing_made_by_user_account"),
    )
    op.create_index("ix_briefing_first_on", "briefing", ["first_on"])
