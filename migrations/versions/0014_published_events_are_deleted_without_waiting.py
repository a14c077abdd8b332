"""An event that the broker has confirmed is deleted in a transaction that does not wait for the disk.

Revision: 0014, after 0013. The previous release goes on with its own DELETE. The parameter ends with its transaction.
It is changed inside a function, because RDS Proxy pins a connection over a statement that changes one and not over a
call: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html. A function's own SET clause would
have ended before the commit. It runs with the caller's rights.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# By schema: the logins that publish what they have stored.
PUBLISHING = {"orders": "create_order, cancel_order", "invoices": "record_payment"}

CREATE = """
SET LOCAL ROLE {schema}_owner;
CREATE FUNCTION {schema}.delete_published(published uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    DELETE FROM {schema}.outbox WHERE outbox_id = published;
END
$$;
COMMENT ON FUNCTION {schema}.delete_published IS
    'Without waiting for the disk: what a crash brings back is published once more.';
REVOKE EXECUTE ON FUNCTION {schema}.delete_published FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.delete_published TO {logins};
RESET ROLE;
"""

DROP = """
SET LOCAL ROLE {schema}_owner;
DROP FUNCTION {schema}.delete_published;
RESET ROLE;
"""


def upgrade() -> None:
    for schema, logins in PUBLISHING.items():
        op.execute(CREATE.format(schema=schema, logins=logins))


def downgrade() -> None:
    for schema in PUBLISHING:
        op.execute(DROP.format(schema=schema))
