"""What an offer to a need draws on the quota of the tool its price rests on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_offer_quota"
down_revision = "0007_conduct"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; offers of before draw on nothing that is known."""
    op.add_column("need_offer", sa.Column("tool", sa.String(80), nullable=False, server_default=""))
    op.add_column("need_offer", sa.Column("quota", sa.Numeric(20, 2), nullable=True))


def downgrade() -> None:
    """Versions only go forward."""
