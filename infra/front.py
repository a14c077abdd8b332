"""The way in from outside: Kong with the project's kong.yml, in front of the functions that answer clients."""

from collections.abc import Sequence
from pathlib import Path

import pulumi
import yaml

from components import function as lambda_function
from components.adoption import Adoption
from components.function import Function
from components.gateway import Gateway, GatewayArgs
from components.key import Key
from components.kong_config import fill_in
from components.load_balancer import AccessLogs
from components.network import Network
from configuration import Configuration
from customers import OBJECT_KEY, Customers
from traces import Traces

KONG_YML = Path(__file__).resolve().parent.parent / "kong" / "kong.yml"


def build_gateway(
    config: Configuration,
    *,
    functions: Sequence[Function],
    customers: Customers,
    adoption: Adoption,
    network: Network,
    key: Key,
    traces: Traces,
) -> Gateway:
    """Create Kong and what stands before it. Until the stack's customers are adopted no Kong is ready."""
    logged = AccessLogs(days=config.log_retention_days, balancers=key.beside("elasticloadbalancing", "loadbalancer/*"))
    return Gateway(
        "gateway",
        GatewayArgs(
            prefix=config.prefix,
            kong_version=config.kong_version,
            declarative_config=fill_in(
                yaml.safe_load(KONG_YML.read_text()),
                functions={function.package: function.name for function in functions},
                qualifier=lambda_function.LIVE,
                region=config.region,
                endpoint=config.lambda_endpoint,
                spans_endpoint=traces.spans_endpoint,
                sample_ratio=config.trace_sampling,
            ),
            customers=customers.bucket,
            customers_key=OBJECT_KEY,
            functions=functions,
            region=config.region,
            address_requests_per_second=config.address_requests_per_second,
            tasks=config.gateway_tasks,
            tasks_max=config.gateway_tasks_max,
            is_protected=config.is_protected,
            log_retention_days=config.log_retention_days,
            access_logs=logged if config.access_logs else None,
            has_web_acl=config.waf,
            certificate_arn=config.certificate_arn,
            vpc_id=network.vpc_id,
            vpc_cidr_block=config.vpc_cidr,
            public_subnet_ids=network.public_subnet_ids,
            private_subnet_ids=network.private_subnet_ids,
            collector=traces.container,
        ),
        pulumi.ResourceOptions(depends_on=[adoption]),
    )
