"""PostgreSQL on RDS behind RDS Proxy, with a login per function.

In AWS a login is an IAM token end to end, so no function has a password. Where the stack says `secret` (no IAM in front
of the database) each login has a secret of its own. Only the administrator, whose secret RDS owns and rotates,
reaches the instance itself: migrations would pin the proxy's connections.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import secret
from components.key import Key
from components.network import allow, open_outwards
from components.policy import Statement, policy_document, trust

PORT = 5432
ADMINISTRATOR = "orders_admin"  # RDS refuses `admin`: PostgreSQL's engine there reserves it.
# The proxy's certificate comes from Amazon Trust Services, which the runtime's own trust store knows.
PROXY_ROOT_CERT = "/etc/pki/tls/certs/ca-bundle.crt"
# An instance's comes from RDS's own authorities, which are in no trust store: they are packaged beside `release`.
INSTANCE_ROOT_CERT = "/var/task/release/rds-authorities.pem"
BACKUP_DAYS = 14
# Once a week, when few order; backups before it.
MAINTENANCE_WINDOW = "sun:05:00-sun:06:00"
BACKUP_WINDOW = "03:00-04:00"
LOGS = ("postgresql", "upgrade")


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """`auth` is `iam` or `secret`, `ssl_mode` what clients ask for; `client_security_group_id` may connect.

    `users` are the roles that log in through the proxy. `may_upgrade` lets `engine_version` be raised, at once.
    """

    prefix: str
    database_name: str
    engine_version: str
    may_upgrade: bool
    port: int
    instance_class: str
    storage_max_gb: int
    multi_az: bool
    is_protected: bool
    log_retention_days: int
    users: Sequence[str]
    key: Key
    auth: str
    ssl_mode: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    client_security_group_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class DatabaseLogin:
    """What a function needs to log in: its environment variables, its rights, and its secret unless it uses IAM."""

    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    secret_arn: pulumi.Output[str] | None


class Database(pulumi.ComponentResource):
    """The database and its logins.

    Creates:
      - an encrypted PostgreSQL instance whose administrator's secret RDS manages, its parameters and log groups
      - an RDS Proxy with IAM end to end, its target and its role
      - a subnet group, and a security group that lets the functions and the proxy in

    Outputs: endpoint (the proxy's), port, identifier, arn, resource_id (another one after a replacement), proxy_name.
    """

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Database", name, None, opts)
        self._args = args
        self._group = open_outwards(name, "PostgreSQL and its proxy", args.vpc_id, parent=self)
        allow(f"{name}-functions", into=self._group, port=args.port, peer=args.client_security_group_id, parent=self)
        allow(f"{name}-proxy", into=self._group, port=args.port, peer=self._group.id, parent=self)
        self._instance = self._build_instance(name, args)
        self._proxy = self._build_proxy(name, args)
        self.database_name = args.database_name
        self.endpoint: pulumi.Output[str] = self._proxy.endpoint
        self.port: pulumi.Output[str] = self._instance.port.apply(str)
        self.identifier: pulumi.Output[str] = self._instance.identifier
        self.arn: pulumi.Output[str] = self._instance.arn
        self.resource_id: pulumi.Output[str] = self._instance.resource_id
        self.proxy_name: pulumi.Output[str] = self._proxy.name
        self.register_outputs({"endpoint": self.endpoint, "port": self.port})

    def let_in(self, name: str, peer: pulumi.Input[str]) -> pulumi.Output[str]:
        """Let members of the security group `peer` connect; returns the group that they reach."""
        allow(f"{name}-database", into=self._group, port=self._args.port, peer=peer, parent=self)
        reached: pulumi.Output[str] = self._group.id
        return reached

    def login(self, user: str) -> DatabaseLogin:
        """Return the login of the role `user`, through the proxy; `release` creates the role."""
        environment = {
            **self._address(self.endpoint, user),
            **self._tls(PROXY_ROOT_CERT),
            "DATABASE_AUTH": self._args.auth,
        }
        if self._args.auth == "iam":
            return DatabaseLogin(environment=environment, statements=[self._connect(user)], secret_arn=None)
        own = secret.Secret(
            f"database-{user}",
            secret.login(f"{self._args.prefix}database/{user}", user, self._args.key),
            pulumi.ResourceOptions(parent=self),
        )
        environment["DATABASE_SECRET_ID"] = own.arn
        return DatabaseLogin(environment=environment, statements=own.read(), secret_arn=own.arn)

    def administrator_login(self) -> DatabaseLogin:
        """Return the administrator's login to the instance itself, with the secret that RDS manages."""
        arn = self._instance.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        return DatabaseLogin(
            environment={
                **self._address(self._instance.address, ADMINISTRATOR),
                **self._tls(INSTANCE_ROOT_CERT),
                "DATABASE_AUTH": "secret",
                "DATABASE_SECRET_ID": arn,
            },
            statements=secret.read_secret(arn, self._args.key),
            secret_arn=arn,
        )

    def _address(self, host: pulumi.Output[str], user: str) -> dict[str, pulumi.Input[str]]:
        return {
            "DATABASE_HOST": host,
            "DATABASE_PORT": self.port,
            "DATABASE_NAME": self._args.database_name,
            "DATABASE_USER": user,
        }

    def _tls(self, root_cert: str) -> dict[str, pulumi.Input[str]]:
        if self._args.ssl_mode == "disable":
            return {"DATABASE_SSLMODE": "disable"}
        return {"DATABASE_SSLMODE": self._args.ssl_mode, "DATABASE_SSLROOTCERT": root_cert}

    def _connect(self, user: str) -> Statement:
        # arn:…:rds:…:db-proxy:prx-1 names the proxy, arn:…:rds-db:…:dbuser:prx-1/user a login through it.
        logins = self._proxy.arn.apply(lambda arn: arn.replace(":rds:", ":rds-db:").replace(":db-proxy:", ":dbuser:"))
        return Statement(actions=["rds-db:connect"], resources=[pulumi.Output.concat(logins, "/", user)])

    def _build_instance(self, name: str, args: DatabaseArgs) -> aws.rds.Instance:
        identifier = f"{args.prefix}orders"
        return aws.rds.Instance(
            name,
            identifier=identifier,
            engine="postgres",
            engine_version=args.engine_version,
            allow_major_version_upgrade=args.may_upgrade or None,
            # An upgrade that waits for the maintenance window would leave the old parameter group in use.
            apply_immediately=args.may_upgrade or None,
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            instance_class=args.instance_class,
            allocated_storage=20,
            max_allocated_storage=args.storage_max_gb,
            storage_type="gp3",
            db_name=args.database_name,
            port=args.port,
            username=ADMINISTRATOR,
            manage_master_user_password=True,
            iam_database_authentication_enabled=True,
            publicly_accessible=False,
            vpc_security_group_ids=[self._group.id],
            multi_az=args.multi_az,
            backup_retention_period=BACKUP_DAYS if args.is_protected else 1,
            backup_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            deletion_protection=args.is_protected,
            skip_final_snapshot=not args.is_protected,
            final_snapshot_identifier=f"{identifier}-final" if args.is_protected else None,
            **self._encryption(args),
            **self._surroundings(name, args, identifier),
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.is_protected, depends_on=self._build_log_groups(name, args, identifier)
            ),
        )

    def _encryption(self, args: DatabaseArgs) -> dict[str, Any]:
        return {
            "storage_encrypted": True,
            "kms_key_id": args.key.arn,
            "master_user_secret_kms_key_id": args.key.arn,
            # Performance Insights has the metric DBLoad; the smallest instances do not have Performance Insights.
            "performance_insights_enabled": args.is_protected,
            "performance_insights_kms_key_id": args.key.arn if args.is_protected else None,
        }

    def _surroundings(self, name: str, args: DatabaseArgs, identifier: str) -> dict[str, Any]:
        opts = pulumi.ResourceOptions(parent=self)
        subnets = aws.rds.SubnetGroup(name, name=identifier, subnet_ids=args.subnet_ids, opts=opts)
        parameters = aws.rds.ParameterGroup(
            name,
            # Another major version is another family, which needs a group of another name beside the old one.
            name=f"{identifier}-{args.engine_version}",
            family=f"postgres{args.engine_version}",
            parameters=[{"name": "rds.force_ssl", "value": "1"}],
            # The provider would delete what has a name of ours first, and RDS refuses that while the instance uses it.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        return {
            "db_subnet_group_name": subnets.name,
            "parameter_group_name": parameters.name,
            "enabled_cloudwatch_logs_exports": list(LOGS),
        }

    def _build_log_groups(self, name: str, args: DatabaseArgs, identifier: str) -> list[pulumi.Resource]:
        """Made before the instance: a group that RDS makes is kept for ever."""
        return [
            aws.cloudwatch.LogGroup(
                f"{name}-{log}",
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_in_days=args.log_retention_days,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for log in LOGS
        ]

    def _build_proxy(self, name: str, args: DatabaseArgs) -> aws.rds.Proxy:
        opts = pulumi.ResourceOptions(parent=self)
        proxy = aws.rds.Proxy(
            name,
            name=f"{args.prefix}orders",
            engine_family="POSTGRESQL",
            default_auth_scheme="IAM_AUTH",
            role_arn=self._build_proxy_role(name, args).arn,
            require_tls=True,
            vpc_subnet_ids=args.subnet_ids,
            vpc_security_group_ids=[self._group.id],
            opts=opts,
        )
        # A replaced proxy has the old name and no target, so both are replaced with it.
        lost_with_proxy = pulumi.ResourceOptions(parent=self, replace_with=[proxy], deleted_with=proxy)
        target_group = aws.rds.ProxyDefaultTargetGroup(
            name,
            db_proxy_name=proxy.name,
            connection_pool_config={"max_connections_percent": 90, "connection_borrow_timeout": 5},
            opts=lost_with_proxy,
        )
        aws.rds.ProxyTarget(
            name,
            db_proxy_name=proxy.name,
            target_group_name=target_group.name,
            db_instance_identifier=self._instance.identifier,
            opts=lost_with_proxy,
        )
        return proxy

    def _build_proxy_role(self, name: str, args: DatabaseArgs) -> aws.iam.Role:
        opts = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-proxy", assume_role_policy=trust("rds.amazonaws.com"), opts=opts)
        # arn:…:rds:…:db:name names the instance; a login to it goes by its resource id.
        logins = pulumi.Output.all(self._instance.arn, self._instance.resource_id).apply(
            lambda parts: f"{parts[0].rsplit(':db:', 1)[0].replace(':rds:', ':rds-db:')}:dbuser:{parts[1]}"
        )
        users = [pulumi.Output.concat(logins, "/", user) for user in args.users]
        statements = [Statement(actions=["rds-db:connect"], resources=users)]
        aws.iam.RolePolicy(f"{name}-proxy", role=role.name, policy=policy_document(statements), opts=opts)
        return role
