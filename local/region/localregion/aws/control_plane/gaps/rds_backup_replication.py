"""RDS: copies of an instance's automated backups in another region.

AWS: StartDBInstanceAutomatedBackupsReplication is called in the region of the copies and names the instance by its ARN;
the copies are automated backups of that region, and the instance lists them. moto has neither Start nor Stop.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

_DAYS = 7
# By region's backend, then by the ARN of the instance.
_copies: dict[RDSBackend, dict[str, dict[str, Any]]] = defaultdict(dict)
_describe = RDSResponse.describe_db_instance_automated_backups


def start_db_instance_automated_backups_replication(self: RDSResponse) -> ActionResult:
    instance = _instance(self)
    copies = _copies[self.backend]
    if instance.arn in copies:
        raise RDSClientError("InvalidDBInstanceState", f"{instance.arn} is replicated to this region already.")
    backup_id = mock_random.get_random_string(26, lower_case=True)
    copies[instance.arn] = {
        "DBInstanceAutomatedBackupsArn": f"arn:aws:rds:{self.region}:{self.current_account}:auto-backup:ab-{backup_id}",
        "DBInstanceArn": instance.arn,
        "DBInstanceIdentifier": instance.db_instance_identifier,
        "DbiResourceId": instance.dbi_resource_id,
        "Region": instance.region,
        "Engine": instance.engine,
        "EngineVersion": instance.engine_version,
        "BackupRetentionPeriod": self.params.get("BackupRetentionPeriod") or _DAYS,
        "KmsKeyId": self.params.get("KmsKeyId"),
        "Encrypted": instance.storage_encrypted,
        "InstanceCreateTime": utcnow(),
        "Status": "replicating",
    }
    _list_them(instance)
    return ActionResult({"DBInstanceAutomatedBackup": copies[instance.arn]})


def stop_db_instance_automated_backups_replication(self: RDSResponse) -> ActionResult:
    instance = _instance(self)
    copy = _copies[self.backend].pop(instance.arn, None)
    if copy is None:
        raise RDSClientError("InvalidDBInstanceState", f"{instance.arn} is not replicated to this region.")
    _list_them(instance)
    return ActionResult({"DBInstanceAutomatedBackup": copy})


def describe_db_instance_automated_backups(self: RDSResponse) -> ActionResult:
    own: Any = [] if self.params.get("DBInstanceAutomatedBackupsArn") else _describe(self).result
    wanted = {"DBInstanceAutomatedBackupsArn", "DBInstanceIdentifier", "DbiResourceId"} & self.params.keys()
    copies = [
        copy
        for copy in _copies[self.backend].values()
        if all(self.params[name] in (None, copy[name]) for name in wanted)
    ]
    return ActionResult({"DBInstanceAutomatedBackups": [*(own and own["DBInstanceAutomatedBackups"]), *copies]})


def _instance(response: RDSResponse) -> DBInstance:
    *_, region, account, _, identifier = response.params["SourceDBInstanceArn"].split(":")
    return rds_backends[account][region].describe_db_instances(identifier)[0]


def _list_them(instance: Any) -> None:
    found = [copies[instance.arn] for copies in _copies.values() if instance.arn in copies]
    name = "DBInstanceAutomatedBackupsArn"
    instance.db_instance_automated_backups_replications = [{name: copy[name]} for copy in found]


def fill() -> None:
    for operation in (
        start_db_instance_automated_backups_replication,
        stop_db_instance_automated_backups_replication,
        describe_db_instance_automated_backups,
    ):
        setattr(RDSResponse, operation.__name__, operation)
