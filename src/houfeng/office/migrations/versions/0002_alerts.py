"""The index of alerts: alerts, their steps, what people did about them, and how far the journal has been read."""

import sqlalchemy as sa
from alembic import op

revision = "0002_alerts"
down_revision = "0001_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("pack", sa.String(80), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("rule", sa.String(160), nullable=False),
        sa.Column("rule_id", sa.String(40), nullable=False),
        sa.Column("rule_group", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("region", sa.String(6)),
        sa.Column("institution", sa.String(60)),
        sa.Column("enterprise", sa.String(60)),
        sa.Column("exposure", sa.Numeric(20, 2)),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("tier_rank", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("moved_at", sa.DateTime(), nullable=False),
        sa.Column("cleared_at", sa.DateTime()),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime()),
        sa.Column("acknowledged_by", sa.String(120), nullable=False),
        sa.Column("silenced_until", sa.DateTime()),
        sa.Column("silence_id", sa.String(100), nullable=False),
        sa.Column("assigned_to", sa.Integer()),
        sa.Column("assigned_name", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.ForeignKeyConstraint(["assigned_to"], ["user_account.id"], name="fk_alert_assigned_to_user_account"),
    )
    op.create_index("ix_alert_channel_opened_at", "alert", ["channel", "opened_at"])
    op.create_index("ix_alert_channel_cleared_at_tier_rank", "alert", ["channel", "cleared_at", "tier_rank"])
    op.create_index("ix_alert_kind_key", "alert", ["kind", "key"])
    op.create_index("ix_alert_enterprise", "alert", ["enterprise"])
    op.create_index("ix_alert_first_seq", "alert", ["first_seq"])
    op.create_table(
        "alert_step",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("record_id", sa.String(80), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("event", sa.String(400), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("cause", sa.String(160), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("learned_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_alert_step"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_step_alert_id_alert"),
        sa.UniqueConstraint("record_id", "step", name="uq_alert_step_record_id_step"),
    )
    op.create_index("ix_alert_step_alert_id", "alert_step", ["alert_id"])
    op.create_table(
        "alert_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_act"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_act_alert_id_alert"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_alert_act_user_id_user_account"),
    )
    op.create_index("ix_alert_act_alert_id", "alert_act", ["alert_id"])
    op.create_table(
        "alert_tail",
        sa.Column("folder", sa.String(500), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("folder", name="pk_alert_tail"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("alert_tail", "alert_act", "alert_step", "alert"):
        op.drop_table(table)
