"""What holds data: encrypted with the stack's key, out of the internet's reach, TLS only, kept in production."""

from collections.abc import Iterator

from policies.model import Resource, Stack, policy

INSTANCE = "aws:rds/instance:Instance"
BACKUP_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
PROXY = "aws:rds/proxy:Proxy"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
BROKER = "aws:mq/broker:Broker"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type)
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LISTENER = "aws:lb/listener:Listener"

RETENTION_DAYS_MAX = 400


@policy(INSTANCE)
def database_encrypted(resource: Resource, stack: Stack) -> Iterator[str]:
    """The database, its administrator's secret and its insights are encrypted with the stack's key."""
    given = resource.properties
    if not given.get("storageEncrypted") or not given.get("kmsKeyId"):
        yield "storageEncrypted and kmsKeyId must be set"
    if not given.get("masterUserSecretKmsKeyId"):
        yield "masterUserSecretKmsKeyId must be set"
    if given.get("performanceInsightsEnabled") and not given.get("performanceInsightsKmsKeyId"):
        yield "performanceInsightsKmsKeyId must be set"


@policy(BROKER)
def broker_encrypted(resource: Resource, stack: Stack) -> Iterator[str]:
    """The broker's storage is encrypted with AWS's own key, or where that is asked for with one of the stack's."""
    options = resource.properties.get("encryptionOptions")
    keys = {key.properties["arn"] for key in stack.of_type(KEY)}
    if options and (options.get("useAwsOwnedKey") is not False or options.get("kmsKeyId") not in keys):
        yield "encryptionOptions must name the stack's key"


@policy(SECRET)
def secrets_encrypted(resource: Resource, stack: Stack) -> Iterator[str]:
    """Secrets are encrypted with the stack's key."""
    if not resource.properties.get("kmsKeyId"):
        yield "kmsKeyId must be set"


@policy(SECRET)
def secrets_can_be_taken_back(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production a deleted secret can be taken back for a week and more."""
    days = resource.properties.get("recoveryWindowInDays") or 0
    if stack.is_production and days < 7:
        yield f"recoveryWindowInDays is {days}, it must be 7 or more in production"


@policy(KEY)
def keys_rotate(resource: Resource, stack: Stack) -> Iterator[str]:
    """Keys rotate every year, and a deleted one can be taken back."""
    if not resource.properties.get("enableKeyRotation"):
        yield "enableKeyRotation must be true"
    if stack.is_production and (resource.properties.get("deletionWindowInDays") or 0) < 30:
        yield "deletionWindowInDays must be 30 in production"


@policy(INSTANCE, BROKER)
def data_private(resource: Resource, stack: Stack) -> Iterator[str]:
    """Database and broker have no public address."""
    if resource.properties.get("publiclyAccessible") is not False:
        yield "publiclyAccessible must be false"
    if not (resource.properties.get("vpcSecurityGroupIds") or resource.properties.get("securityGroups")):
        yield "it must stand in security groups of the stack"


@policy(PROXY)
def proxy_demands_tls(resource: Resource, stack: Stack) -> Iterator[str]:
    """The proxy refuses connections without TLS, and passwords."""
    if not resource.properties.get("requireTls"):
        yield "requireTls must be true"
    if resource.properties.get("defaultAuthScheme") != "IAM_AUTH":
        yield "defaultAuthScheme must be IAM_AUTH"


@policy(PARAMETERS)
def database_demands_tls(resource: Resource, stack: Stack) -> Iterator[str]:
    """The database refuses connections without TLS."""
    values = {each["name"]: each["value"] for each in resource.properties.get("parameters") or ()}
    if values.get("rds.force_ssl") != "1":
        yield "parameter rds.force_ssl must be 1"


@policy(LISTENER)
def listener_demands_tls(resource: Resource, stack: Stack) -> Iterator[str]:
    """Clients reach the gateway over TLS 1.2 or later; only a stack that is not production may leave it out."""
    given = resource.properties
    if given.get("protocol") != "HTTPS":
        if stack.is_production:
            yield f"protocol is {given.get('protocol')}, it must be HTTPS"
    elif not str(given.get("sslPolicy")).startswith("ELBSecurityPolicy-TLS13-1-2"):
        yield f"sslPolicy {given.get('sslPolicy')} lets older versions of TLS in"


@policy(INSTANCE)
def database_backed_up(resource: Resource, stack: Stack) -> Iterator[str]:
    """The database has backups; in production for a week and more, with a last one when it is deleted."""
    days = resource.properties.get("backupRetentionPeriod") or 0
    if days < (7 if stack.is_production else 1):
        yield f"backupRetentionPeriod is {days}"
    if stack.is_production and resource.properties.get("skipFinalSnapshot") is not False:
        yield "skipFinalSnapshot must be false in production"


@policy(INSTANCE)
def backups_have_a_copy_elsewhere(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production the database's backups are copied to another region, encrypted with a key of the program there."""
    keys = {key.properties["arn"] for key in stack.of_type(KEY)}
    home = str(resource.properties["arn"]).split(":")[3]
    copies = [
        copy.properties
        for copy in stack.of_type(BACKUP_COPY)
        if copy.properties["sourceDbInstanceArn"] == resource.properties["arn"]
    ]
    if stack.is_production and not copies:
        yield "its backups are copied to no other region"
    for copy in copies:
        if copy.get("region") in (None, home):
            yield f"its backups are copied to {copy.get('region')}, where the database stands"
        if copy.get("kmsKeyId") not in keys:
            yield "the copies of its backups must be encrypted with a key of the program"


@policy(INSTANCE, "aws:lb/loadBalancer:LoadBalancer")
def deletion_protected(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production nothing that cannot be made again can be deleted by a slip."""
    flag = "deletionProtection" if resource.type == INSTANCE else "enableDeletionProtection"
    if stack.is_production and not resource.properties.get(flag):
        yield f"{flag} must be true in production"


@policy(INSTANCE, BROKER)
def highly_available(resource: Resource, stack: Stack) -> Iterator[str]:
    """In production database and broker survive the loss of an availability zone."""
    given = resource.properties
    if stack.is_production and resource.type == INSTANCE and not given.get("multiAz"):
        yield "multiAz must be true in production"
    if stack.is_production and resource.type == BROKER and given.get("deploymentMode") != "CLUSTER_MULTI_AZ":
        yield "deploymentMode must be CLUSTER_MULTI_AZ in production"


@policy(LOG_GROUP)
def logs_end(resource: Resource, stack: Stack) -> Iterator[str]:
    """Logs are kept for a stated time."""
    days = resource.properties.get("retentionInDays") or 0
    if not 1 <= days <= RETENTION_DAYS_MAX:
        yield f"retentionInDays is {days}, it must be 1 to {RETENTION_DAYS_MAX}"
