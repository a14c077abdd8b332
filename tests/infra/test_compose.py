"""`local/docker-compose.yml`, checked without Docker: it says what the plan says, and services get what they read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.infra.program import ROOT

from components.gateway import CONTAINER, PROXY_PORT, STATUS_PORT, address_limit
from components.gateway import SETTINGS as KONG_ON_FARGATE
from configurator import Settings
from localregion.aws.settings import parse_arguments
from localregion.compose import prepare
from localregion.compose.__main__ import _parser as one_shots
from localregion.kong.declarative import parse
from localregion.kong.plugins import SUPPORTED
from localregion.kong.request.response import VERSION
from localregion.plan.model import REFERENCES, Plan, resolve

TEXT = (ROOT / "local" / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "local" / "Dockerfile").read_text()
IMAGES = {name: service["image"] for name, service in SERVICES.items() if "image" in service}
OURS = SERVICES.keys() - IMAGES.keys()
ONE_SHOTS = {"prepare", "release", "urls"}
# Docker's resolver passes SRV questions on to the host's; the VPC's answers them.
KONG_BY_DOCKERS_RESOLVER = {"KONG_DNS_ORDER": "LAST,A,CNAME", "KONG_DNS_VALID_TTL": "5"}
# The variables that the images document and this file uses.
READ_BY_IMAGES = {
    "postgres": {"POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"},
    "rabbitmq": {"RABBITMQ_CONFIG_FILE"},
    CONTAINER: {
        *KONG_ON_FARGATE,
        *address_limit(0),
        *KONG_BY_DOCKERS_RESOLVER,
        "AWS_REGION",
    },
}
_PORT = re.compile(r"127\.0\.0\.1:\$\{([A-Z]+_PORT):-(\d+)\}:(\d+)")


@pytest.fixture(scope="module")
def plan(plan_of: Callable[[str], Plan]) -> Plan:
    return plan_of(prepare.STACK)


@pytest.fixture(scope="module")
def configuration(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` writes, as it writes it."""
    folder = tmp_path_factory.mktemp("configuration")
    (folder / "emulator").mkdir()
    (folder / "emulator" / "plan.json").write_text(plan.to_json())
    prepare.write(plan, folder)
    return folder


def mounts(service: str) -> dict[str, str]:
    """Where a service sees which volume."""
    found = {}
    for mount in SERVICES[service].get("volumes", []):
        source, target = mount.split(":")[:2] if isinstance(mount, str) else (mount["source"], mount["target"])
        found[target] = source
    return found


def stack(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "infra" / f"Pulumi.{name}.yaml").read_text())["config"]
    return config


def test_the_stack_differs_from_local_in_addresses_only() -> None:
    local, compose = stack("local"), stack(prepare.STACK)
    different = {key for key in local | compose if local.get(key) != compose.get(key)}
    endpoint = "serverless-orders:lambdaEndpoint"

    assert different == {endpoint, "serverless-orders:otlpEndpoint", "serverless-orders:spansEndpoint"}
    assert compose[endpoint] == {**local[endpoint], "host": "emulator"}


def test_the_images_are_pinned_and_have_the_versions_of_the_plan(plan: Plan) -> None:
    assert IMAGES.keys() == {"postgres", "rabbitmq", "jaeger", "kong"}
    for image in [*IMAGES.values(), *re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)]:
        assert re.fullmatch(r"[\w/.-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?", image), image
    versions = {name: image.partition(":")[2] for name, image in IMAGES.items()}
    assert versions["postgres"].startswith(f"{plan.database.engine_version}.")
    assert versions["rabbitmq"].startswith(f"{plan.broker.engine_version}.")
    assert versions["rabbitmq"].endswith("-management")
    assert versions["kong"] == plan.gateway.version == VERSION


def test_the_functions_run_on_the_python_of_the_plan(plan: Plan) -> None:
    runtimes = {function.runtime for function in plan.functions}
    bases = set(re.findall(r"^FROM python:(\d+\.\d+)", DOCKERFILE, re.MULTILINE))

    assert runtimes == {f"python{base}" for base in bases}


def test_every_variable_that_is_given_is_read_and_every_one_that_is_read_is_given(plan: Plan) -> None:
    given = {name: service["environment"].keys() for name, service in SERVICES.items() if "environment" in service}

    assert given == READ_BY_IMAGES
    kong = SERVICES["kong"]["environment"]
    assert {name: kong[name] for name in KONG_ON_FARGATE} == KONG_ON_FARGATE
    assert {name: kong[name] for name in KONG_BY_DOCKERS_RESOLVER} == KONG_BY_DOCKERS_RESOLVER
    # Compose takes two dollar signs for one.
    assert {name: kong[name].replace("$$", "$") for name in plan.gateway.settings} == plan.gateway.settings
    assert kong["AWS_REGION"] == plan.region


def test_every_variable_of_the_host_has_a_default() -> None:
    assert set(re.findall(r"(?<!\$)\$\{?(\w+[^}\s]*)", TEXT)) == {
        "GATEWAY_PORT:-8000",
        "AWS_PORT:-4566",
        "JAEGER_PORT:-16686",
    }


def test_ports_are_published_on_the_loopback_only_where_something_listens() -> None:
    published = [_PORT.fullmatch(port) for service in SERVICES.values() for port in service.get("ports", [])]

    assert {(port[1], int(port[2]), int(port[3])) for port in published if port} == {
        ("GATEWAY_PORT", 8000, PROXY_PORT),
        ("AWS_PORT", 4566, 4566),
        ("JAEGER_PORT", 16686, 16686),
    }
    assert all(published)
    assert f"/dev/tcp/127.0.0.1/{STATUS_PORT}" in str(SERVICES["kong"]["healthcheck"])


def test_whoever_stays_has_a_health_check_and_whoever_waits_waits_for_a_state() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == ONE_SHOTS
    for name, service in SERVICES.items():
        assert (service.get("restart") == "unless-stopped") == (name not in ONE_SHOTS)
        for other, wait in service.get("depends_on", {}).items():
            finished = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
            # Traces are a convenience: no sale waits for them.
            # And Kong is healthy once it is configured.
            is_started = other == "jaeger" or (name, other) == ("configurator", "kong")
            assert wait["condition"] == ("service_started" if is_started else finished), (name, other)


def test_the_order_is_services_then_release_then_kong_then_its_configurator_then_the_curl_line() -> None:
    def before(service: str) -> set[str]:
        direct = SERVICES[service].get("depends_on", {}).keys()
        return set(direct).union(*(before(other) for other in direct))

    assert before("emulator") == {"prepare", "postgres", "rabbitmq"}
    assert before("release") == before("emulator") | {"emulator"}
    assert before("kong") == before("release") | {"release", "jaeger"}
    assert before("configurator") == before("kong") | {"kong"}
    assert before("urls") == SERVICES.keys() - {"urls"}


def test_every_volume_is_named_and_only_prepare_writes_what_others_read() -> None:
    used = {volume for name in SERVICES for volume in mounts(name).values()}

    assert used == COMPOSE["volumes"].keys()
    for name in SERVICES.keys() - {"prepare"}:
        for mount in SERVICES[name].get("volumes", []):
            source = mount["source"] if isinstance(mount, dict) else mount.partition(":")[0]
            is_read = source.endswith("-configuration")
            assert is_read == (isinstance(mount, dict) and mount["read_only"] and mount["volume"]["nocopy"]), source


def test_each_service_sees_no_configuration_but_its_own() -> None:
    seen = {name: {volume for volume in mounts(name).values() if "configuration" in volume} for name in SERVICES}

    assert seen.pop("prepare") == {volume for volume in COMPOSE["volumes"] if "configuration" in volume}
    assert seen.pop("urls") == {"emulator-configuration"}
    for name, volumes in seen.items():
        assert volumes <= {f"{name}-configuration"}


def test_a_service_that_reads_what_prepare_wrote_is_in_its_group() -> None:
    (group,) = set(re.findall(r"groupadd --gid (\d+)", DOCKERFILE))

    readers = {name for name in IMAGES if any("configuration" in volume for volume in mounts(name).values())}
    assert {name for name in IMAGES if SERVICES[name].get("group_add") == [group]} == readers
    assert {name for name in readers if SERVICES[name].get("user", "its own") == "root"} == set()


def test_every_file_that_a_service_is_pointed_to_is_written(configuration: Path) -> None:
    rabbitmq, postgres = (SERVICES[name]["environment"] for name in ("rabbitmq", "postgres"))
    named = {
        "rabbitmq": [rabbitmq["RABBITMQ_CONFIG_FILE"], prepare.DEFINITIONS],
        "postgres": [postgres["POSTGRES_PASSWORD_FILE"], "/docker-entrypoint-initdb.d/10-administrator.sql"],
        "emulator": re.findall(r"/configuration/[\w.-]+", str(SERVICES["emulator"]["command"])),
        "configurator": re.findall(r"/configuration/[\w.-]+", str(SERVICES["configurator"]["command"])),
        "urls": re.findall(r"/configuration/[\w.-]+", str(SERVICES["urls"]["command"])),
    }
    assert len(named["emulator"]) == 3
    for service, paths in named.items():
        for path in map(Path, paths):
            volume = mounts(service)[str(path.parent)]
            assert (configuration / volume.removesuffix("-configuration") / path.name).is_file(), path


def test_the_commands_of_our_containers_are_understood() -> None:
    emulator = parse_arguments(SERVICES["emulator"]["command"][1:])
    assert (emulator.host, emulator.port) == ("0.0.0.0", 4566)  # noqa: S104 inside the container
    assert emulator.aws_endpoint_url == "http://127.0.0.1:4566"
    assert 'ENTRYPOINT ["python", "-m", "localregion.compose"]' in DOCKERFILE
    for name in sorted(ONE_SHOTS):
        command = [re.sub(r"\$\{\w+:-(\d+)\}", r"\1", part) for part in SERVICES[name]["command"]]
        arguments = command if name == "prepare" else command[1:]
        assert one_shots().parse_args(arguments).command == name


def test_our_images_are_built_from_what_is_there_and_run_as_an_ordinary_user() -> None:
    targets = dict(re.findall(r"^FROM \S+ AS (\w+)\n((?:(?!FROM).*\n?)*)", DOCKERFILE, re.MULTILINE))
    for name in OURS:
        build = SERVICES[name]["build"]
        assert (ROOT / "local" / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()
        assert "\nUSER orders\n" in targets[build["target"]]
        assert (SERVICES[name]["cap_drop"], SERVICES[name]["pull_policy"]) == (["ALL"], "build")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists()
            assert f"!{path.partition('/')[0]}" in ignored


def test_no_secret_is_in_the_file(configuration: Path) -> None:
    secrets = json.loads((configuration / "emulator" / "secrets.json").read_text())
    values = [value for fields in secrets.values() for field, value in fields.items() if field != "username"]
    assert all(value not in TEXT for value in values)
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASS|SECRET|KEY|TOKEN", variable) or variable.endswith("_FILE"), variable
            assert "://" not in value


def test_secrets_are_for_the_emulator_alone_and_passwords_for_nobody_else(configuration: Path) -> None:
    modes = {
        path.relative_to(configuration).as_posix(): oct(path.stat().st_mode & 0o777)
        for path in configuration.rglob("*")
        if path.is_file() and path.name != "plan.json"
    }
    assert modes == {
        "configurator/configurator.json": "0o640",
        "emulator/secrets.json": "0o600",
        "emulator/values.json": "0o600",
        "postgres/10-administrator.sql": "0o640",
        "postgres/superuser-password": "0o640",
        "rabbitmq/definitions.json": "0o640",
        "rabbitmq/rabbitmq.conf": "0o640",
    }
    secrets = json.loads((configuration / "emulator" / "secrets.json").read_text())
    passwords = {
        value for fields in secrets.values() for name, value in fields.items() if name in ("password", "key", "current")
    }
    for path in configuration.rglob("*"):
        if path.is_file() and path.parent.name != "emulator":
            assert not any(password in path.read_text() for password in passwords), path


def test_preparing_again_changes_no_secret(configuration: Path, plan: Plan) -> None:
    kept = ("emulator/secrets.json", "configurator/configurator.json", "postgres/superuser-password")
    before = [(configuration / name).read_text() for name in kept]

    prepare.write(plan, configuration)

    assert [(configuration / name).read_text() for name in kept] == before


def test_every_reference_of_the_plan_leads_to_a_service_and_its_port(plan: Plan) -> None:
    assert prepare.VALUES.keys() == set(REFERENCES)
    hosts = [*re.findall(r"//(\w+):", " ".join(prepare.VALUES.values())), prepare.VALUES["database.host"]]
    assert set(hosts) <= SERVICES.keys()
    resolved = resolve(plan, prepare.VALUES, {name: {"key": "k"} for name in plan.secrets})
    assert resolved.function("create_order").environment["DATABASE_HOST"] == "postgres"
    assert resolved.function("create_order").environment["BROKER_ENDPOINT"] == "amqp://rabbitmq:5672"


def test_the_embedded_gateway_takes_what_kong_is_given(configuration: Path, plan: Plan) -> None:
    told = json.loads((configuration / "configurator" / "configurator.json").read_text())
    declared = Settings.of(told["environment"]).declarative_config
    parsed = parse(declared)

    assert parsed.consumers == []
    assert {plugin.name for plugin in parsed.plugins} <= SUPPORTED.keys()
    invoked = [plugin.config for plugin in parsed.plugins if plugin.name == "aws-lambda"]
    for config in invoked:
        assert (config["host"], config["port"], config["disable_https"]) == ("emulator", 4566, True)
        assert config["function_name"] in {function.name for function in plan.functions}
    (zipkin,) = [plugin for plugin in declared["plugins"] if plugin["name"] == "zipkin"]
    assert zipkin["config"]["http_endpoint"] == "http://jaeger:9411/api/v2/spans"
    assert {function.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] for function in plan.functions} == {
        "http://jaeger:4318"
    }
    assert "jaeger" in SERVICES


def test_the_configurator_reaches_kong_in_kongs_own_network_and_s3_where_the_emulator_is(configuration: Path) -> None:
    told = json.loads((configuration / "configurator" / "configurator.json").read_text())
    settings = Settings.of(told["environment"])

    assert (ROOT / told["script"]).is_file()
    assert SERVICES["configurator"]["network_mode"] == "service:kong"
    assert settings.admin_url == f"http://{SERVICES['kong']['environment']['KONG_ADMIN_LISTEN']}"
    assert told["environment"]["AWS_ENDPOINT_URL"] == "http://emulator:4566"
    assert f"COPY {told['script'].partition('/')[0]} " in DOCKERFILE


def test_everybody_of_the_broker_and_the_queues_is_left_to_release(configuration: Path) -> None:
    definitions = json.loads((configuration / "rabbitmq" / "definitions.json").read_text())

    assert definitions.keys() == {"users", "vhosts", "permissions"}
    assert [(user["name"], user["tags"]) for user in definitions["users"]] == [("admin", "administrator")]
    assert "queue" not in TEXT
