"""What moto lacks of AWS: one module for each, in a form that moto could take.

Each says what AWS does and what moto does instead, and has a `fill` that adds it to moto's own classes.
"""

from __future__ import annotations

from localregion.aws.control_plane.addresses import Addresses
from localregion.aws.control_plane.gaps import (
    cloudwatch_composite_alarms,
    ecs_execute_command,
    ecs_service_counts,
    ecs_service_deployments,
    kms_key_material,
    local_addresses,
    logs_query_definitions,
    mq_user_passwords,
    rds_backup_replication,
    rds_engine_lifecycle,
    rds_managed_secrets,
    rds_parameter_sources,
    rds_performance_insights,
    rds_proxy_auth_scheme,
    rds_resource_ids,
    s3_other_configurations,
    scalable_target_tags,
    service_quotas_lambda,
)

_ALL = (
    cloudwatch_composite_alarms,
    ecs_execute_command,
    ecs_service_counts,
    ecs_service_deployments,
    kms_key_material,
    logs_query_definitions,
    mq_user_passwords,
    rds_backup_replication,
    rds_engine_lifecycle,
    rds_managed_secrets,
    rds_parameter_sources,
    rds_performance_insights,
    rds_proxy_auth_scheme,
    rds_resource_ids,
    s3_other_configurations,
    scalable_target_tags,
    service_quotas_lambda,
)


def fill(addresses: Addresses) -> None:
    """Fill all of them, once per process, before the first call."""
    for gap in _ALL:
        gap.fill()
    local_addresses.fill(addresses)
