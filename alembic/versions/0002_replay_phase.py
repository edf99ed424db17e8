"""What a running replay is at

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE replays ADD COLUMN phase TEXT DEFAULT 'events' NOT NULL,"
        " ADD COLUMN phase_done BIGINT DEFAULT 0 NOT NULL, ADD COLUMN phase_total BIGINT DEFAULT 0 NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE replays DROP COLUMN phase, DROP COLUMN phase_done, DROP COLUMN phase_total")
