"""Kong's entities as far as the embedded gateway knows them: their fields, their rules and what it refuses.

Field names, types and messages are those of Kong 3.9 (`tests/events/kong/entity_schemas.json` and
`declarative_validation.json`). What a route to a function does not need (upstreams, certificates, vaults, ...) is
refused.
"""

from __future__ import annotations

import re
from typing import Any

from localregion.kong.config.regex import LookAroundError, UnsupportedRegexError, compile_path
from localregion.kong.config.schema import Errors, Field

FORMAT_VERSIONS = ("1.1", "2.1", "3.0")

_NAME = re.compile(r"[\w.~-]+")
_METHOD = re.compile(r"[A-Z]+")
_EMPTY_SEGMENT = re.compile(r"//")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_ROUTE_PROTOCOLS = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")
_MATCHERS = ("methods", "hosts", "headers", "paths", "snis")


def _name(value: str) -> str | None:
    if _NAME.fullmatch(value):
        return None
    return f"invalid value '{value}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"


def _method(value: str) -> str | None:
    return None if _METHOD.fullmatch(value) else f"invalid value: {value}"


def _protocols(value: list[Any]) -> str | None:
    unknown = [protocol for protocol in value if protocol not in _ROUTE_PROTOCOLS]
    if unknown:
        return f"unknown type: {unknown[0]}"
    if "http" not in value or not set(value) <= {"http", "https"}:
        return "only http, alone or with https, is supported by the embedded gateway"
    return None


def _path(value: str) -> str | None:
    if value.startswith("~/"):
        try:
            compile_path(value[1:])
        except LookAroundError:
            return None  # Kong's router finds it, in the route as a whole
        except UnsupportedRegexError as error:
            return f"invalid regex: '{value[1:]}' ({error})"
        return None
    if not value.startswith("/"):
        return "should start with: / (fixed path) or ~/ (regex path)"
    if _EMPTY_SEGMENT.search(value):
        return "must not have empty segments"
    # Kong takes an encoded reserved character; a path with one is rare enough to ask for its plain form.
    return "percent-encoding is not supported by the embedded gateway" if _ENCODED.search(value) else None


def _service_path(value: str) -> str | None:
    return None if value.startswith("/") else "should start with: /"


_STRING = Field(kind="string")
_REFUSED = Field(kind="array", refused=True)
_TAGS = Field(kind="set", elements=_STRING)

ROUTE_FIELDS = {
    "id": _STRING,
    "name": Field(kind="string", check=_name),
    "protocols": Field(kind="set", default=["http", "https"], check=_protocols),
    "https_redirect_status_code": Field(kind="integer", default=426, only=(426,)),
    "strip_path": Field(kind="boolean", default=True),
    "preserve_host": Field(kind="boolean", default=False, only=(False,)),
    "request_buffering": Field(kind="boolean", default=True, only=(True,)),
    "response_buffering": Field(kind="boolean", default=True, only=(True,)),
    "tags": _TAGS,
    "service": _STRING,
    "snis": _REFUSED,
    "sources": _REFUSED,
    "destinations": _REFUSED,
    "methods": Field(kind="set", elements=Field(kind="string", check=_method)),
    "hosts": Field(kind="array", elements=_STRING, refused=True),
    "paths": Field(kind="array", elements=Field(kind="string", check=_path)),
    "headers": Field(kind="map", refused=True),
    "regex_priority": Field(kind="integer", default=0),
    "path_handling": Field(kind="string", default="v0", one_of=("v0", "v1"), only=("v0",)),
    "plugins": Field(kind="array", default=[]),
}

# A service is never called: its path is part of the event, its name is what plugins and routes refer to.
SERVICE_FIELDS = {
    "id": _STRING,
    "name": Field(kind="string", check=_name),
    "enabled": Field(kind="boolean", default=True, only=(True,)),
    "protocol": Field(kind="string", default="http", only=("http", "https")),
    "host": Field(kind="string", required=True),
    "port": Field(kind="integer", default=80, between=(0, 65535)),
    "path": Field(kind="string", check=_service_path),
    "tags": _TAGS,
    "routes": Field(kind="array", default=[]),
    "plugins": Field(kind="array", default=[]),
} | {
    name: Field(kind=kind, refused=True)
    for name, kind in {
        "retries": "integer",
        "connect_timeout": "integer",
        "write_timeout": "integer",
        "read_timeout": "integer",
        "client_certificate": "string",
        "tls_verify": "boolean",
        "tls_verify_depth": "integer",
        "ca_certificates": "array",
    }.items()
}

CONSUMER_FIELDS = {
    "id": _STRING,
    "username": _STRING,
    "custom_id": _STRING,
    "tags": _TAGS,
    "plugins": Field(kind="array", default=[]),
    "keyauth_credentials": Field(kind="array", default=[]),
} | dict.fromkeys(
    ("acls", "basicauth_credentials", "hmacauth_credentials", "jwt_secrets", "oauth2_credentials", "groups"), _REFUSED
)

# Kong makes up a key for a credential without one; no client could ever use it.
CREDENTIAL_FIELDS = {"id": _STRING, "key": Field(kind="string", required=True), "tags": _TAGS}

PLUGIN_FIELDS = {
    "id": _STRING,
    "name": Field(kind="string", required=True),
    "instance_name": _STRING,
    "enabled": Field(kind="boolean", default=True),
    "config": Field(kind="record", default={}),
    "tags": _TAGS,
    "protocols": Field(kind="set", elements=_STRING, refused=True),
    "route": _STRING,
    "service": _STRING,
    "consumer": _STRING,
    "consumer_group": Field(kind="string", refused=True),
}

# The top level of a file: what is read, then what Kong would read.
ROOT_FIELDS = {
    "_format_version": Field(kind="string", required=True, one_of=FORMAT_VERSIONS),
    "_transform": Field(kind="boolean"),
    "_comment": _STRING,
    "_ignore": Field(kind="array"),
    "services": Field(kind="array", default=[]),
    "routes": Field(kind="array", default=[]),
    "consumers": Field(kind="array", default=[]),
    "plugins": Field(kind="array", default=[]),
} | dict.fromkeys(
    (
        "acls",
        "basicauth_credentials",
        "ca_certificates",
        "certificates",
        "consumer_groups",
        "filter_chains",
        "hmacauth_credentials",
        "jwt_secrets",
        "key_sets",
        "keyauth_credentials",
        "keys",
        "oauth2_credentials",
        "parameters",
        "snis",
        "targets",
        "upstreams",
        "vaults",
    ),
    _REFUSED,
)


def route_rules(values: dict[str, Any], errors: Errors) -> None:
    """Add the rules that concern a route as a whole."""
    if not any(values.get(matcher) for matcher in _MATCHERS):
        matchers = ", ".join(f"'{matcher}'" for matcher in _MATCHERS)
        errors["@entity"] = {1: f"must set one of {matchers} when 'protocols' is 'https'"}
    elif not values.get("paths") and "paths" not in errors:
        errors["paths"] = "required by the embedded gateway"
    elif "paths" not in errors:
        for path in values["paths"]:
            if path.startswith("~") and (found := _look_around(path)):
                errors["@entity"] = {1: f"Router Expression failed validation: {found}"}


def _look_around(path: str) -> str | None:
    try:
        compile_path(path[1:])
    except LookAroundError as error:
        return str(error)
    return None


def consumer_rules(values: dict[str, Any], errors: Errors) -> None:
    """Add the rules that concern a consumer as a whole."""
    if not values.get("username") and not values.get("custom_id"):
        errors["@entity"] = {1: "at least one of these fields must be non-empty: 'custom_id', 'username'"}
