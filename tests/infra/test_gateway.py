"""Kong: its configuration, and the service that runs it."""

import json
from typing import Any

import pytest
import yaml
from tests.infra.program import ROOT
from tests.infra.registered import Registered, register

from components.bucket import Bucket, BucketArgs
from components.gateway import ADMIN_PORT, Gateway, GatewayArgs, address_limit
from components.key import Key, KeyArgs
from components.kong_config import KongConfigError, LambdaEndpoint, fill_in
from configurator import Settings
from record_payment.webhooks import BODY_MAX

KONG_YML: dict[str, Any] = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())
FUNCTIONS = {name: f"dev-{name}" for name in ("create_order", "cancel_order", "get_order", "record_payment")}


def fill(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "functions": FUNCTIONS,
        "qualifier": "live",
        "region": "eu-west-1",
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
        "list-orders": "dev-get_order",
        "cancel-order": "dev-cancel_order",
        "get-order": "dev-get_order",
        "get-invoice": "dev-get_order",
        "payment-webhooks": "dev-record_payment",
        "health": "dev-get_order",
        "openapi": "dev-get_order",
    }
    for config in invoked.values():
        assert (config["qualifier"], config["aws_region"]) == ("live", "eu-west-1")
        assert not config.keys() & {"host", "port", "disable_https", "aws_key", "aws_secret"}


def test_an_endpoint_replaces_awss_own() -> None:
    endpoint = LambdaEndpoint(host="127.0.0.1", port=4566, access_key="a", secret_key="s")

    for config in plugins(fill(endpoint=endpoint), "aws-lambda").values():
        assert (config["host"], config["port"], config["disable_https"]) == ("127.0.0.1", 4566, True)
        assert (config["aws_key"], config["aws_secret"]) == ("a", "s")


def test_spans_go_where_the_stack_says_and_else_nowhere() -> None:
    def zipkin(config: dict[str, Any]) -> dict[str, Any]:
        (found,) = [plugin["config"] for plugin in config["plugins"] if plugin["name"] == "zipkin"]
        return dict(found)

    assert "http_endpoint" not in zipkin(fill())
    endpoint = "http://collector.test:9411/api/v2/spans"
    assert zipkin(fill(spans_endpoint=endpoint))["http_endpoint"] == endpoint
    assert zipkin(fill())["sample_ratio"] == 1
    assert zipkin(fill(sample_ratio=0.1))["sample_ratio"] == 0.1


def test_nothing_of_the_filled_in_configuration_is_shared_between_routes() -> None:
    filled = fill()
    seen = [id(plugin) for route in filled["routes"] for plugin in route["plugins"]]

    assert len(seen) == len(set(seen))


def test_filling_in_leaves_the_given_configuration_as_it_was() -> None:
    before = json.dumps(KONG_YML)

    fill()

    assert json.dumps(KONG_YML) == before


def test_a_route_to_an_unknown_function_is_refused() -> None:
    with pytest.raises(KongConfigError, match="'get_order'; there are create_order"):
        fill(functions={"create_order": "x"})


def test_only_health_the_description_and_webhooks_are_open_and_keys_come_by_header_and_go_no_further() -> None:
    guarded = plugins(KONG_YML, "key-auth")

    assert guarded.keys() == {"create-order", "list-orders", "cancel-order", "get-order", "get-invoice"}
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


def test_a_route_without_key_auth_takes_every_identity_off_and_is_limited_by_address() -> None:
    guarded = plugins(KONG_YML, "key-auth")
    removed = plugins(KONG_YML, "request-transformer")
    limits = plugins(KONG_YML, "rate-limiting")

    for route in KONG_YML["routes"]:
        if route["name"] not in guarded:
            names = {name.lower() for name in removed[route["name"]]["remove"]["headers"]}
            assert {"x-consumer-id", "x-consumer-custom-id", "x-consumer-username"} <= names
            assert limits[route["name"]]["limit_by"] == "ip"


def test_no_route_lets_a_condition_through_to_nginx() -> None:
    removed = plugins(KONG_YML, "request-transformer")
    (everywhere,) = [plugin["config"] for plugin in KONG_YML["plugins"] if plugin["name"] == "request-transformer"]
    # Conditions of RFC 9110, section 13.1.
    conditions = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"}

    for route in KONG_YML["routes"]:
        names = removed.get(route["name"], everywhere)["remove"]["headers"]
        assert conditions <= {name.lower() for name in names}, route["name"]


def test_what_a_browser_needs_is_what_the_design_names() -> None:
    (cors,) = [plugin["config"] for plugin in KONG_YML["plugins"] if plugin["name"] == "cors"]

    assert {"apikey", "idempotency-key", "traceparent"} <= set(cors["headers"])
    assert cors["exposed_headers"] == ["Location", "Retry-After", "Idempotent-Replayed"]


def test_a_body_that_is_let_in_fits_into_an_event() -> None:
    (limit,) = [plugin["config"] for plugin in KONG_YML["plugins"] if plugin["name"] == "request-size-limiting"]

    assert limit["allowed_payload_size"] * 2**20 * 4 / 3 + 100_000 < 6 * 2**20


def test_most_of_what_no_webhook_may_be_is_refused_before_a_function_is_invoked() -> None:
    limits = plugins(KONG_YML, "request-size-limiting")

    assert limits.keys() == {"payment-webhooks"}
    limit = limits["payment-webhooks"]
    assert limit["size_unit"] == "megabytes"
    assert BODY_MAX <= limit["allowed_payload_size"] * 2**20 < 4 * 2**20


def test_routes_are_anchored_and_answer_every_method() -> None:
    without_methods = {path for route in KONG_YML["routes"] if "methods" not in route for path in route["paths"]}
    for route in KONG_YML["routes"]:
        # What a route with methods does not answer, one of the same path does.
        assert {*route["paths"]} <= without_methods
        assert route["strip_path"] is False
        assert all(path.startswith("~/") and path.endswith("$") for path in route["paths"])


def build_gateway(certificate_arn: str | None, **changes: Any) -> Registered:
    def program() -> None:
        key = Key("key", KeyArgs(prefix="dev-", region="us-east-1", is_protected=False))
        arguments = GatewayArgs(
            prefix="dev-",
            kong_version="3.9",
            declarative_config=fill(),
            customers=Bucket("customers", BucketArgs(name_prefix="dev-customers-", is_protected=False, key=key)),
            customers_key="gateway/customers.json",
            functions=[],
            region="us-east-1",
            address_requests_per_second=200,
            tasks=2,
            tasks_max=6,
            is_protected=False,
            log_retention_days=7,
            certificate_arn=certificate_arn,
            vpc_id="vpc-0",
            vpc_cidr_block="10.1.0.0/16",
            public_subnet_ids=["subnet-1"],
            private_subnet_ids=["subnet-2"],
            **changes,
        )
        Gateway("gateway", arguments)

    return register(program)


def container(name: str) -> dict[str, Any]:
    service = build_gateway(None).one("awsx:ecs:FargateService").inputs
    found: dict[str, Any] = service["taskDefinitionArgs"]["containers"][name]
    return found


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["environment"]}


def test_kong_starts_empty_and_takes_its_configuration_from_its_own_task_only() -> None:
    kong = container("kong")

    assert kong["image"].endswith("/kong:3.9")
    assert not kong.get("secrets")
    settings = variables(kong)
    assert settings["KONG_ADMIN_LISTEN"] == f"127.0.0.1:{ADMIN_PORT}"
    assert not [name for name in settings if name.startswith("KONG_DECLARATIVE_CONFIG")]
    assert ADMIN_PORT not in [port["containerPort"] for port in kong["portMappings"]]
    assert settings["KONG_TRUSTED_IPS"] == "10.1.0.0/16"


def test_the_configurator_has_the_routes_and_the_place_of_the_customers() -> None:
    configurator = container("configurator")

    environment = variables(configurator)
    assert configurator["command"][:2] == ["sh", "-c"]
    assert '"$CONFIGURATOR"' in configurator["command"][2]
    assert environment["CONFIGURATOR"] == (ROOT / "kong" / "configurator.py").read_text()
    assert json.loads(environment["DECLARATIVE_CONFIG"]) == fill()
    settings = Settings.of(environment)
    assert (settings.bucket, settings.key) == ("dev-customers", "gateway/customers.json")
    assert settings.admin_url == f"http://127.0.0.1:{ADMIN_PORT}"
    assert configurator["essential"] is False


def test_what_the_script_is_told_in_aws_is_told_here_as_well() -> None:
    described = build_gateway(None).one("serverless-orders:components:Gateway").inputs["configurator"]

    assert (ROOT / described["script"]).is_file()
    in_aws = variables(container("configurator"))
    assert described["environment"].items() <= in_aws.items()
    added = in_aws.keys() - described["environment"].keys()
    assert added == {"CONFIGURATOR", "DECLARATIVE_CONFIG", "KONG_ADMIN_URL", "AWS_REGION"}


def test_the_task_may_read_the_customers_object_and_write_nothing() -> None:
    policy = build_gateway(None).one("aws:iam/rolePolicy:RolePolicy", "gateway-task")

    granted = {tuple(each["Action"]): each["Resource"] for each in json.loads(policy.inputs["policy"])["Statement"]}
    assert granted["s3:GetObject",] == ["arn:aws:s3:::dev-customers/gateway/customers.json"]
    assert granted.keys() == {("s3:GetObject",), ("s3:ListBucket",), ("kms:Decrypt",)}


def test_an_address_is_limited_before_its_key_is_looked_at() -> None:
    settings = variables(container("kong"))

    assert settings.items() >= address_limit(200).items()
    assert settings["KONG_NGINX_PROXY_LIMIT_REQ"] == "zone=addresses burst=200 nodelay"
    assert settings["KONG_REAL_IP_HEADER"] == "X-Forwarded-For"


@pytest.mark.parametrize(
    ("certificate_arn", "protocol", "port"), [(None, "HTTP", 80), ("arn:aws:acm:certificate", "HTTPS", 443)]
)
def test_a_certificate_makes_the_listener_https(certificate_arn: str | None, protocol: str, port: int) -> None:
    listener = build_gateway(certificate_arn).one("aws:lb/listener:Listener").inputs

    assert (listener["protocol"], listener["port"]) == (protocol, port)


def test_kong_scales_between_its_least_and_its_most_tasks() -> None:
    registered = build_gateway(None)

    target = registered.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    assert target["resourceId"] == "service/dev-orders/dev-kong"
    policy = registered.one("aws:appautoscaling/policy:Policy").inputs
    assert policy["resourceId"] == target["resourceId"]


def test_kong_takes_requests_when_its_status_port_says_so() -> None:
    check = build_gateway(None).one("aws:lb/targetGroup:TargetGroup").inputs["healthCheck"]

    assert (check["path"], check["port"]) == ("/status/ready", "8100")


def test_kongs_execution_role_writes_its_log_and_nothing_else() -> None:
    policy = build_gateway(None).one("aws:iam/rolePolicy:RolePolicy", "gateway-execution")

    actions = [each["Action"] for each in json.loads(policy.inputs["policy"])["Statement"]]
    assert actions == [["logs:CreateLogStream", "logs:PutLogEvents"]]
