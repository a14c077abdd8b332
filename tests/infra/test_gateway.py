"""Kong: its configuration, and the service that runs it."""

import json
from typing import Any

import pulumi
import pytest
import yaml

from components.gateway import Gateway, GatewayArgs
from components.kong_config import Consumer, KongConfigError, fill_in
from configuration import LambdaEndpoint
from tests.infra.program import ROOT
from tests.infra.registered import Registered, register, revealed

KONG_YML: dict[str, Any] = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())
FUNCTIONS = {"create_order": "dev-create_order", "get_order": "dev-get_order"}


def fill(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "functions": FUNCTIONS,
        "qualifier": "live",
        "region": "eu-west-1",
        "consumers": [Consumer(username="demo", custom_id="customer-1", key="k")],
    }
    return fill_in(KONG_YML, **{**arguments, **changes})


def plugins(config: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Return each route's configuration of a plugin, by the route's name."""
    return {
        route["name"]: plugin["config"]
        for route in config["routes"]
        for plugin in route["plugins"]
        if plugin["name"] == name
    }


def test_each_route_invokes_its_function_under_its_name_in_aws() -> None:
    invoked = plugins(fill(), "aws-lambda")

    assert {route: config["function_name"] for route, config in invoked.items()} == {
        "create-order": "dev-create_order",
        "get-order": "dev-get_order",
        "health": "dev-get_order",
    }
    for config in invoked.values():
        assert (config["qualifier"], config["aws_region"]) == ("live", "eu-west-1")
        assert not config.keys() & {"host", "port", "disable_https", "aws_key", "aws_secret"}


def test_an_endpoint_replaces_awss_own() -> None:
    endpoint = LambdaEndpoint(host="127.0.0.1", port=4566, access_key="a", secret_key="s")

    for config in plugins(fill(endpoint=endpoint), "aws-lambda").values():
        assert (config["host"], config["port"], config["disable_https"]) == ("127.0.0.1", 4566, True)
        assert (config["aws_key"], config["aws_secret"]) == ("a", "s")


def test_consumers_carry_the_id_that_orders_are_kept_under() -> None:
    assert fill()["consumers"] == [
        {"username": "demo", "custom_id": "customer-1", "keyauth_credentials": [{"key": "k"}]}
    ]


def test_filling_in_leaves_the_given_configuration_as_it_was() -> None:
    before = json.dumps(KONG_YML)

    fill()

    assert json.dumps(KONG_YML) == before


def test_a_route_to_an_unknown_function_is_refused() -> None:
    with pytest.raises(KongConfigError, match="'get_order'; there are create_order"):
        fill(functions={"create_order": "x"})


def test_only_health_is_open_and_keys_come_by_header_and_go_no_further() -> None:
    guarded = plugins(KONG_YML, "key-auth")

    assert guarded.keys() == {"create-order", "get-order"}
    for config in guarded.values():
        assert config["key_names"] == ["apikey"]
        assert config["key_in_header"] is True
        assert config["key_in_query"] is False
        assert config["key_in_body"] is False
        assert config["hide_credentials"] is True


def test_no_default_of_kong_that_loses_bodies_or_leaks_logs_is_left() -> None:
    for config in plugins(KONG_YML, "aws-lambda").values():
        assert config["skip_large_bodies"] is False
        assert config["log_type"] == "None"
        assert config["empty_arrays_mode"] == "correct"


def test_routes_are_anchored_and_answer_every_method() -> None:
    for route in KONG_YML["routes"]:
        assert "methods" not in route
        assert route["strip_path"] is False
        assert all(path.startswith("~/") and path.endswith("$") for path in route["paths"])


def build_gateway(certificate_arn: str | None) -> Registered:
    def program() -> None:
        key = pulumi.Output.secret("the-key")
        arguments = GatewayArgs(
            prefix="dev-",
            kong_version="3.9",
            declarative_config=fill(consumers=[Consumer(username="demo", custom_id="demo", key=key)]),
            functions=[],
            region="us-east-1",
            tasks=2,
            certificate_arn=certificate_arn,
            vpc_id="vpc-0",
            public_subnet_ids=["subnet-1"],
            private_subnet_ids=["subnet-2"],
        )
        Gateway("gateway", arguments)

    return register(program)


def test_kong_reads_its_configuration_from_a_secret_and_from_no_variable() -> None:
    registered = build_gateway(None)

    version = registered.one("aws:secretsmanager/secretVersion:SecretVersion")
    loaded = json.loads(revealed(version.inputs["secretString"]))
    assert loaded["consumers"][0]["keyauth_credentials"] == [{"key": "the-key"}]
    service = registered.one("awsx:ecs:FargateService").inputs
    container = service["taskDefinitionArgs"]["container"]
    assert container["image"].endswith("/kong:3.9")
    (secret,) = container["secrets"]
    assert secret["name"] == "KONG_DECLARATIVE_CONFIG_STRING"
    assert secret["valueFrom"].endswith(f"gateway-configuration:::{version.outputs['versionId']}")
    assert "the-key" not in json.dumps(service)


@pytest.mark.parametrize(
    ("certificate_arn", "protocol", "port"), [(None, "HTTP", 80), ("arn:aws:acm:certificate", "HTTPS", 443)]
)
def test_a_certificate_makes_the_listener_https(certificate_arn: str | None, protocol: str, port: int) -> None:
    listener = build_gateway(certificate_arn).one("aws:lb/listener:Listener").inputs

    assert (listener["protocol"], listener["port"]) == (protocol, port)
