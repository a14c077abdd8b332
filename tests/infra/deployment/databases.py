"""RDS: the instance with its parameters and subnets, and the proxy before it."""

from __future__ import annotations

from typing import Any

from tests.infra.deployment.api import Api, Created, given, gone, until


def parameter_group(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    rds, called = api.client("rds"), inputs["name"]
    made = rds.create_db_parameter_group(
        DBParameterGroupFamily=inputs["family"],
        DBParameterGroupName=called,
        Description=inputs["description"],
        Tags=api.tags(),
    )["DBParameterGroup"]
    parameters = [
        {
            "ApplyMethod": each.get("applyMethod", "immediate"),
            "ParameterName": each["name"],
            "ParameterValue": each["value"],
        }
        for each in inputs.get("parameters", [])
    ]
    if parameters:
        rds.modify_db_parameter_group(DBParameterGroupName=called, Parameters=parameters)
    rds.describe_db_parameter_groups(DBParameterGroupName=called)
    rds.describe_db_parameters(DBParameterGroupName=called)
    rds.list_tags_for_resource(ResourceName=made["DBParameterGroupArn"])
    return Created(
        id=called,
        outputs={"arn": made["DBParameterGroupArn"], "name": called},
        delete=lambda: rds.delete_db_parameter_group(DBParameterGroupName=called),
    )


def subnet_group(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    rds, called = api.client("rds"), inputs["name"]
    arn = rds.create_db_subnet_group(
        DBSubnetGroupDescription=inputs["description"],
        DBSubnetGroupName=called,
        SubnetIds=inputs["subnetIds"],
        Tags=api.tags(),
    )["DBSubnetGroup"]["DBSubnetGroupArn"]
    rds.describe_db_subnet_groups(DBSubnetGroupName=called)
    rds.list_tags_for_resource(ResourceName=arn)

    def delete() -> None:
        rds.delete_db_subnet_group(DBSubnetGroupName=called)
        gone(lambda: rds.describe_db_subnet_groups(DBSubnetGroupName=called))

    return Created(id=called, outputs={"arn": arn, "name": called}, delete=delete)


# The request's members by the resource's inputs.
_INSTANCE = {
    "AllocatedStorage": "allocatedStorage",
    "BackupRetentionPeriod": "backupRetentionPeriod",
    "CopyTagsToSnapshot": "copyTagsToSnapshot",
    "DBInstanceClass": "instanceClass",
    "DBName": "dbName",
    "DBParameterGroupName": "parameterGroupName",
    "DBSubnetGroupName": "dbSubnetGroupName",
    "DeletionProtection": "deletionProtection",
    "EnableCloudwatchLogsExports": "enabledCloudwatchLogsExports",
    "EnableIAMDatabaseAuthentication": "iamDatabaseAuthenticationEnabled",
    "Engine": "engine",
    "EngineLifecycleSupport": "engineLifecycleSupport",
    "EngineVersion": "engineVersion",
    "KmsKeyId": "kmsKeyId",
    "ManageMasterUserPassword": "manageMasterUserPassword",
    "MasterUserSecretKmsKeyId": "masterUserSecretKmsKeyId",
    "MasterUsername": "username",
    "MaxAllocatedStorage": "maxAllocatedStorage",
    "Port": "port",
    "PreferredBackupWindow": "backupWindow",
    "PreferredMaintenanceWindow": "maintenanceWindow",
    "PubliclyAccessible": "publiclyAccessible",
    "StorageEncrypted": "storageEncrypted",
    "StorageType": "storageType",
    "VpcSecurityGroupIds": "vpcSecurityGroupIds",
}


def instance(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    rds, which = api.client("rds"), {"DBInstanceIdentifier": inputs["identifier"]}
    rds.create_db_instance(
        **which, AutoMinorVersionUpgrade=True, Tags=api.tags(), **given(inputs, **_INSTANCE), **_only_if_true(inputs)
    )
    (found,) = until(
        lambda: rds.describe_db_instances(**which)["DBInstances"],
        lambda answer: answer[0]["DBInstanceStatus"] == "available",
    )
    by_resource = [{"Name": "dbi-resource-id", "Values": [found["DbiResourceId"]]}]
    (found,) = rds.describe_db_instances(Filters=by_resource)["DBInstances"]
    rds.list_tags_for_resource(ResourceName=found["DBInstanceArn"])

    def delete() -> None:
        rds.delete_db_instance(**which, DeleteAutomatedBackups=True, SkipFinalSnapshot=inputs["skipFinalSnapshot"])
        until(lambda: rds.describe_db_instances(Filters=by_resource)["DBInstances"], lambda answer: not answer)

    return Created(id=found["DbiResourceId"], outputs=_instance_outputs(inputs, found), delete=delete)


def _only_if_true(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what the provider leaves out of the request unless it is asked for."""
    named = {"EnablePerformanceInsights": "performanceInsightsEnabled", "MultiAZ": "multiAz"}
    return {member: True for member, name in named.items() if inputs.get(name)}


def _instance_outputs(inputs: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    secret = found["MasterUserSecret"]
    return {
        "arn": found["DBInstanceArn"],
        "resourceId": found["DbiResourceId"],
        "address": found["Endpoint"]["Address"],
        "port": found["Endpoint"]["Port"],
        "endpoint": f"{found['Endpoint']['Address']}:{found['Endpoint']['Port']}",
        "identifier": inputs["identifier"],
        "masterUserSecrets": [{"secretArn": secret["SecretArn"], "secretStatus": secret["SecretStatus"]}],
    }


def proxy(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    rds, which = api.client("rds"), {"DBProxyName": inputs["name"]}
    rds.create_db_proxy(
        **which,
        Auth=[],
        Tags=api.tags(),
        **given(
            inputs,
            DefaultAuthScheme="defaultAuthScheme",
            EngineFamily="engineFamily",
            RequireTLS="requireTls",
            RoleArn="roleArn",
            VpcSecurityGroupIds="vpcSecurityGroupIds",
            VpcSubnetIds="vpcSubnetIds",
        ),
    )
    (found,) = until(
        lambda: rds.describe_db_proxies(**which)["DBProxies"], lambda answer: answer[0]["Status"] == "available"
    )
    rds.list_tags_for_resource(ResourceName=found["DBProxyArn"])

    def delete() -> None:
        rds.delete_db_proxy(**which)
        gone(lambda: rds.describe_db_proxies(**which))

    outputs = {"arn": found["DBProxyArn"], "endpoint": found["Endpoint"], "name": inputs["name"]}
    return Created(id=inputs["name"], outputs=outputs, delete=delete)


def proxy_target_group(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    rds, which = api.client("rds"), {"DBProxyName": inputs["dbProxyName"]}
    pool = inputs["connectionPoolConfig"]
    rds.modify_db_proxy_target_group(
        **which,
        TargetGroupName="default",
        ConnectionPoolConfig={
            "ConnectionBorrowTimeout": pool["connectionBorrowTimeout"],
            "MaxConnectionsPercent": pool["maxConnectionsPercent"],
            "MaxIdleConnectionsPercent": pool.get("maxIdleConnectionsPercent", 50),
        },
    )
    (found,) = rds.describe_db_proxy_target_groups(**which)["TargetGroups"]
    outputs = {"arn": found["TargetGroupArn"], "name": found["TargetGroupName"]}
    return Created(id=inputs["dbProxyName"], outputs=outputs)


def proxy_target(api: Api, _: str, inputs: dict[str, Any]) -> Created:
    # The name is the target group's, as the provider knows only the one there is.
    rds, which = api.client("rds"), {"DBProxyName": inputs["dbProxyName"], "TargetGroupName": "default"}
    rds.register_db_proxy_targets(**which, DBInstanceIdentifiers=[inputs["dbInstanceIdentifier"]])
    rds.describe_db_proxy_targets(**which)
    return Created(id="/".join(which.values()), outputs={"rdsResourceId": inputs["dbInstanceIdentifier"]})


RESOURCES = {
    "aws:rds/instance:Instance": instance,
    "aws:rds/parameterGroup:ParameterGroup": parameter_group,
    "aws:rds/proxy:Proxy": proxy,
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": proxy_target_group,
    "aws:rds/proxyTarget:ProxyTarget": proxy_target,
    "aws:rds/subnetGroup:SubnetGroup": subnet_group,
}
