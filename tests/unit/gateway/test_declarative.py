"""Validation of a declarative configuration, against the recorded `kong config parse`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.declarative import parse, read
from gateway.gateway import with_invoke_port
from gateway.plugins import SUPPORTED
from gateway.schema import ConfigurationError
from tests.unit.gateway.recordings import Case, cases, load

RECORDED = [case for case in cases("declarative_validation") if "input_text" in case and "kong_config_parse" in case]
# Refused like Kong does, in other words: the parsers' own, the engine's own, or about a plugin that is not there.
OWN_WORDS = {
    "duplicate_key_credential",  # never say a key
    "duplicate_plugin_same_route",
    "ip_restriction_bad_cidr",
    "jwt_rs256_without_key",
    "jwt_secret_bad_alg",
    "plugin_bad_enum",
    "plugin_missing_required_any",
    "plugin_number_as_string",
    "plugin_ordering",
    "plugin_wrong_type",
    "rate_limit_order",
    "rate_limit_redis_no_host",
    "route_path_bad_regex",
    "route_regex_lookahead",
    "yaml_list_root",
    "yaml_syntax_error",
    "yaml_tab_indent",
}
# Taken by Kong, refused here.
UNSUPPORTED = {
    "lambda_empty_config",
    "shell_style_env_var",
    "vault_ref_in_function_name",
    "vault_ref_in_referenceable",
    "vault_ref_malformed",
    "yaml_anchor_alias_merge",
}


def _error(case: Case, folder: Path) -> str | None:
    path = folder / "kong.yml"
    path.write_text(case["input_text"])
    try:
        read(path)
    except ConfigurationError as error:
        return str(error)
    return None


def _lines(text: str) -> list[str]:
    """Return the lines of an error, sorted: Kong's order is that of its hash tables."""
    text = text.removeprefix("Error: ").split("\n\n  Run with")[0]
    return sorted(text.splitlines())


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_a_configuration_is_taken_or_refused_as_recorded(case: Case, tmp_path: Path) -> None:
    error = _error(case, tmp_path)
    recorded = case["kong_config_parse"]
    if recorded["exit_code"] == 0 and case["name"] not in UNSUPPORTED:
        assert error is None
        return
    assert error is not None
    if recorded["exit_code"] == 0:
        assert "supported by the embedded gateway" in error
    elif case["name"] not in OWN_WORDS:
        assert _lines(error) == _lines(recorded["stderr"])


def test_most_recorded_refusals_are_in_kongs_words() -> None:
    refused = [case for case in RECORDED if case["kong_config_parse"]["exit_code"]]
    assert len([case for case in refused if case["name"] not in OWN_WORDS]) == 30


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"kong\.yml: No such file or directory"):
        read(tmp_path / "kong.yml")


def _route(**fields: Any) -> dict[str, Any]:
    return {"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/a"], **fields}]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("methods", ["GET"]),
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


@pytest.mark.parametrize("name", sorted(set(load("plugin_schemas")["schemas"]) - {"key-auth", "aws-lambda"}))
def test_a_plugin_of_kong_that_is_not_there_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"plugin '{name}' is not supported by the embedded gateway"):
        parse(_route(plugins=[{"name": name}]))


@pytest.mark.parametrize("name", ["aws-lambda", "key-auth"])
def test_the_fields_of_a_plugin_are_kongs(name: str) -> None:
    schema = load("plugin_schemas")["schemas"][name]["config_fields"]
    fields = SUPPORTED[name].fields
    assert set(fields) == {entry["field"].removeprefix("config.") for entry in schema}
    for entry in schema:
        field = fields[entry["field"].removeprefix("config.")]
        assert field.kind == entry["type"]
        assert field.default == entry.get("default")
        assert list(field.one_of) == entry.get("one_of", [])
        assert list(field.between or []) == entry.get("between", [])


@pytest.mark.parametrize("entity", ["upstreams", "certificates", "vaults", "jwt_secrets", "keyauth_credentials"])
def test_an_entity_that_is_not_there_is_refused_by_name(entity: str) -> None:
    with pytest.raises(ConfigurationError, match=f"in '{entity}': not supported by the embedded gateway"):
        parse({"_format_version": "3.0", entity: [{"name": "x"}]})


def test_an_error_never_says_a_key() -> None:
    consumers = [{"username": name, "keyauth_credentials": [{"key": "very-secret"}]} for name in ("a", "b")]
    with pytest.raises(ConfigurationError) as refused:
        parse({"_format_version": "3.0", "consumers": consumers})
    assert "very-secret" not in str(refused.value)
    assert re.search("in entry 2 of 'consumers'", str(refused.value))


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
