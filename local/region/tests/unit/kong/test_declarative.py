"""Validation of a declarative configuration; the recorded `kong config parse` is replayed by test_conformance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.kong.recordings import own

from localregion.kong.config.kong_conf import refuse_settings, settings_of
from localregion.kong.config.schema import ConfigurationError, Field
from localregion.kong.declarative import parse, read
from localregion.kong.gateway import with_invoke_port
from localregion.kong.plugins import SUPPORTED


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"kong\.yml: No such file or directory"):
        read(tmp_path / "kong.yml")


def _route(**fields: Any) -> dict[str, Any]:
    return {"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/a"], **fields}]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hosts", ["a.test"]),
        ("headers", {"x": ["1"]}),
        ("snis", ["a.test"]),
        ("path_handling", "v1"),
        ("preserve_host", True),
        ("protocols", ["https"]),
        ("request_buffering", False),
        ("https_redirect_status_code", 301),
    ],
)
def test_a_route_feature_that_is_not_there_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"in '{field}': .*supported by the embedded gateway"):
        parse(_route(**{field: value}))


@pytest.mark.parametrize("name", sorted(set(own("plugin_schemas")["schemas"]) - set(SUPPORTED)))
def test_a_plugin_of_kong_that_is_not_there_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"plugin '{name}' is not supported by the embedded gateway"):
        parse(_route(plugins=[{"name": name}]))


# The schema of pre-function is read in Kong's source: no recording has it.
@pytest.mark.parametrize("name", sorted(SUPPORTED.keys() - {"pre-function"}))
def test_the_fields_of_a_plugin_are_kongs(name: str) -> None:
    schema = own("plugin_schemas")["schemas"][name]["config_fields"]
    fields = _flat(SUPPORTED[name].fields, "config")
    assert set(fields) == {entry["field"] for entry in schema}
    for entry in schema:
        field = fields[entry["field"]]
        assert field.kind == entry["type"], entry
        assert field.default == entry.get("default"), entry
        assert list(field.one_of) == entry.get("one_of", []), entry
        assert list(field.between or []) == entry.get("between", []), entry


def _flat(fields: Mapping[str, Field], parent: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for name, field in fields.items():
        path = f"{parent}.{name}"
        found[path] = field
        found |= _flat(field.fields or {}, path)
        found |= _flat((field.elements and field.elements.fields) or {}, f"{path}[]")
    return found


@pytest.mark.parametrize(
    ("plugin", "config", "complaint"),
    [
        ("rate-limiting", {"second": 1, "limit_by": "path"}, "in 'limit_by': only consumer or credential or ip"),
        ("rate-limiting", {"second": 1, "sync_rate": 1}, "in 'sync_rate': only -1"),
        ("rate-limiting", {"second": 0}, "in 'second': value must be greater than 0"),
        ("correlation-id", {"generator": "tracker"}, "in 'generator': only uuid or uuid#counter"),
        ("zipkin", {"http_endpoint": "http://a.test/"}, "in 'propagation': extract"),
        ("zipkin", {"propagation": {"extract": ["b3"], "default_format": "b3"}}, "entry 1 of 'extract': only w3c"),
        ("request-transformer", {"add": {"body": ["a:1"]}}, "in 'body': not supported"),
        ("request-transformer", {"add": {"headers": ["X:$(shared.a)"]}}, "entry 1 of 'headers': templates"),
        ("response-transformer", {"remove": {"json": ["a"]}}, "in 'json': not supported"),
        ("cors", {"origins": ["https://("]}, "entry 1 of 'origins'"),
        ("request-size-limiting", {"size_unit": "gigabytes"}, "in 'size_unit': expected one of"),
        ("aws-lambda", {"function_name": "f", "proxy_url": "http://a"}, "in 'proxy_url': not supported"),
    ],
)
def test_an_argument_that_is_not_there_is_refused_by_name(plugin: str, config: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(_route(plugins=[{"name": plugin, "config": config}]))
    assert "of 'plugins':\n" in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("name", ["trusted_ips", "headers", "nginx_http_client_max_body_size"])
def test_a_setting_of_kong_conf_that_is_not_there_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"kong.conf: '{name}' .* not supported by the embedded gateway"):
        refuse_settings(settings_of({f"KONG_{name.upper()}": "x"}))


def test_what_is_no_setting_that_clients_notice_is_none_of_the_gateways_business() -> None:
    refuse_settings(settings_of({"KONG_DATABASE": "off", "KONG_RECORDINGS": "x", "PATH": "/bin"}))


@pytest.mark.parametrize("entity", ["upstreams", "certificates", "vaults", "jwt_secrets", "keyauth_credentials"])
def test_an_entity_that_is_not_there_is_refused_by_name(entity: str) -> None:
    with pytest.raises(ConfigurationError, match=f"in '{entity}': not supported by the embedded gateway"):
        parse({"_format_version": "3.0", entity: [{"name": "x"}]})


def test_an_error_never_says_a_key() -> None:
    consumers = [{"username": name, "keyauth_credentials": [{"key": "very-secret"}]} for name in ("a", "b")]
    with pytest.raises(ConfigurationError) as refused:
        parse({"_format_version": "3.0", "consumers": consumers})
    assert "very-secret" not in str(refused.value)
    assert re.search("'keyauth_credentials' entity with this key, of consumer 'b'", str(refused.value))


def test_a_consumer_has_the_same_id_in_every_run() -> None:
    data = {"_format_version": "3.0", "consumers": [{"username": "a", "keyauth_credentials": [{"key": "k"}]}]}
    first, second = parse(data), parse(data)
    assert first.consumers == second.consumers
    assert first.credentials[0].id == second.credentials[0].id
    assert "very" not in repr(first)


def test_the_invoke_port_replaces_every_address() -> None:
    config = {
        "host": "lambda.example.test",
        "function_name": "f",
        "is_proxy_integration": True,
        "awsgateway_compatible": True,
    }
    configuration = with_invoke_port(parse(_route(plugins=[{"name": "aws-lambda", "config": config}])), 4566)
    used = configuration.plugins[0].config
    assert (used["host"], used["port"], used["disable_https"]) == ("127.0.0.1", 4566, True)


@pytest.mark.parametrize(
    ("config", "field"),
    [({"access": ["return function() end"]}, "access"), ({"log": ["return function() end"]}, "log")],
)
def test_lua_that_is_not_known_is_refused(config: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"in '{field}'") as caught:
        parse(_route(plugins=[{"name": "pre-function", "config": config}]))
    assert "supported by the embedded gateway" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("http://a.test", "invalid value: http://a.test"),
        ("http://a.test:80", "invalid value: http://a.test:80"),
        ("{vault://env/lambda-host}", "invalid value: {vault://env/lambda-host}"),
        ("a b", "invalid value: a b"),
        ("a..b", "invalid value: a..b"),
        ("a-", "invalid value: a-"),
        ("1.2.3.400", "invalid value: 1.2.3.400"),
        ("a.test:80", "must not have a port"),
        ("1.2.3.4:99999", "must not have a port"),
        ("[::1]:80", "must not have a port"),
    ],
)
def test_a_host_that_is_none_is_refused_in_kongs_words(host: str, complaint: str) -> None:
    """The words are those of a real Kong 3.9.3 for a scheme and a vault; the others are read in its source."""
    plugin = {"name": "aws-lambda", "config": {"function_name": "f", "host": host}}
    with pytest.raises(ConfigurationError) as refused:
        parse(_route(plugins=[plugin]))
    assert str(refused.value).endswith(f"        in 'config':\n          in 'host': {complaint}")


@pytest.mark.parametrize("host", ["a.test", "a.test.", "localhost", "my_host", "127.0.0.1", "::1", "[::1]"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    parse(_route(plugins=[{"name": "aws-lambda", "config": {"function_name": "f", "host": host}}]))


@pytest.mark.parametrize(
    ("plugin", "name"),
    [
        ({"instance_name": "limits"}, "limits"),
        ({"id": "0f0e1b3c-5d6a-4b7c-8d9e-000000000001"}, "0f0e1b3c-5d6a-4b7c-8d9e-000000000001"),
        ({}, r"[0-9a-f-]{36}"),
    ],
)
def test_a_plugin_of_a_consumer_that_is_not_there_is_refused_in_kongs_words(plugin: dict[str, str], name: str) -> None:
    """As recorded of a route whose service is not there (`route_missing_service_ref`)."""
    entry = {"name": "rate-limiting", "consumer": "nope", "config": {"second": 1}, **plugin}
    with pytest.raises(ConfigurationError) as refused:
        parse({"_format_version": "3.0", "plugins": [entry]})
    expected = (
        rf"Failed parsing:\nin 'plugins':\n  in '{name}':\n    - in entry 1 of '{name}': "
        r"invalid reference 'consumer: nope' \(no such entry in 'consumers'\)"
    )
    assert re.fullmatch(expected, str(refused.value))


def test_references_are_looked_at_once_everything_else_is_right() -> None:
    plugins = [{"name": "key-auth", "consumer": "nope"}, {"name": "cors", "config": {"max_age": "x"}}]
    with pytest.raises(ConfigurationError) as refused:
        parse({"_format_version": "3.0", "plugins": plugins})
    assert "max_age" in str(refused.value)
    assert "nope" not in str(refused.value)


def _limited(*limits: Any) -> dict[str, Any]:
    plugins = [[{"name": "rate-limiting", "config": {"second": limit}}] for limit in limits]
    consumers = [{"username": f"c{number}", "plugins": each} for number, each in enumerate(plugins)]
    return {"_format_version": "3.0", "consumers": consumers}


def test_configurations_of_plugins_that_are_alike_are_one() -> None:
    first, second, third = parse(_limited(5, 5, 6)).plugins
    assert first.config is second.config
    assert (first.config["second"], third.config["second"]) == (5, 6)


def test_a_value_that_only_python_takes_for_an_equal_one_is_checked_by_itself() -> None:
    with pytest.raises(ConfigurationError, match=r"in entry 2 of 'consumers'(.|\n)*in 'second': expected a number"):
        parse(_limited(1, True))
    assert [type(plugin.config["second"]) for plugin in parse(_limited(1, 1.0)).plugins] == [int, float]


@pytest.mark.parametrize("name", ["username", "custom_id"])
def test_names_of_consumers_are_taken_once(name: str) -> None:
    twice = [{"username": "a", "custom_id": "b"}, {"username": "c", "custom_id": "d"}]
    twice[1][name] = twice[0][name]
    taken = f"in entry 2 of 'consumers': uniqueness violation: 'consumers' entity with {name} set to '{twice[0][name]}'"
    with pytest.raises(ConfigurationError, match=taken):
        parse({"_format_version": "3.0", "consumers": twice})
    parse({"_format_version": "3.0", "consumers": [{"username": "a", "custom_id": "b"}, {"custom_id": "a"}]})


def test_ids_stay_when_other_consumers_go() -> None:
    one = {"username": "one", "keyauth_credentials": [{"key": "k"}]}
    other = {"username": "other", "keyauth_credentials": [{"key": "l"}]}
    before = parse({"_format_version": "3.0", "consumers": [other, one]}).credentials[1]
    after = parse({"_format_version": "3.0", "consumers": [one]}).credentials[0]
    assert (before.id, before.consumer.id) == (after.id, after.consumer.id)
