"""Versions of packs: files, steps, activations, and what the watch was told."""

import sqlalchemy as sa
from alembic import op

revision = "0004_packs"
down_revision = "0003_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pack_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("label_zh", sa.String(300), nullable=False),
        sa.Column("label_en", sa.String(300), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("base_digest", sa.String(64), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pack_version"),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name="fk_pack_version_author_id_user_account"),
    )
    op.create_index("ix_pack_version_name_version", "pack_version", ["name", "version"])
    op.create_index("ix_pack_version_digest", "pack_version", ["digest"])
    op.create_table(
        "pack_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pack_step"),
        sa.ForeignKeyConstraint(["version_id"], ["pack_version.id"], name="fk_pack_step_version_id_pack_version"),
    )
    op.create_index("ix_pack_step_version_id", "pack_step", ["version_id"])
    op.create_table(
        "pack_activation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("proposed_by", sa.String(120), nullable=False),
        sa.Column("approved_by", sa.String(120), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pack_activation"),
        sa.UniqueConstraint("approval_id", name="uq_pack_activation_approval_id"),
        sa.ForeignKeyConstraint(["version_id"], ["pack_version.id"], name="fk_pack_activation_version_id_pack_version"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_pack_activation_approval_id_approval"),
    )
    op.create_index("ix_pack_activation_name_from_day", "pack_activation", ["name", "from_day"])
    op.create_table(
        "pack_handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activation_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("order_id", sa.String(100), nullable=False),
        sa.Column("said_zh", sa.Text(), nullable=False),
        sa.Column("said_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pack_handover"),
        sa.UniqueConstraint("activation_id", name="uq_pack_handover_activation_id"),
        sa.ForeignKeyConstraint(
            ["activation_id"], ["pack_activation.id"], name="fk_pack_handover_activation_id_pack_activation"
        ),
    )
