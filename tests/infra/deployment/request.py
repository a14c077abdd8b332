"""Requests in kind: which operation of which service, and which members it was given.

Members of lists and structures are dotted (`IpPermissions.IpRanges.CidrIp`); the keys of a map are data and left out.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import botocore.session

RECORDED = Path(__file__).resolve().parent.parent / "recorded" / "pulumi"
# By the name in the request's signature, where botocore's differs.
_SERVICES = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2"}
_QUERY_NAMES = {"cloudwatch", "ec2", "elbv2", "iam", "rds", "sns", "sts"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request in kind."""

    service: str
    operation: str
    members: frozenset[str]


def sent(model: Any, params: Mapping[str, Any]) -> Request:
    """Return what boto3 is about to ask; `params` as it was given."""
    service = model.service_model.service_name
    return Request(service=service, operation=model.name, members=frozenset(_members(params, model.input_shape)) - {""})


def recorded(name: str) -> list[Request]:
    """Return the requests of a recording, in order, without those whose bodies are but an archive's hash there."""
    with gzip.open(RECORDED / f"{name}.jsonl.gz", "rt") as lines:
        entries = [json.loads(line) for line in lines]
    return [_read(each) for each in entries if not isinstance(each["request"], Mapping)]


def _read(entry: Mapping[str, Any]) -> Request:
    service = _SERVICES.get(entry["service"], entry["service"])
    if entry["target"]:
        operation, params = entry["target"].rpartition(".")[2], json.loads(entry["request"] or "{}")
    elif service in _QUERY_NAMES:
        return _query(service, entry["request"])
    else:
        operation, params = _rest(service, entry)
    shape = model_of(service).operation_model(operation).input_shape
    return Request(service=service, operation=operation, members=frozenset(_members(params, shape)) - {""})


def _members(node: Any, shape: Any, path: str = "") -> Iterator[str]:
    if shape is not None and shape.type_name == "structure" and isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _members(value, shape.members.get(key), f"{path}.{key}" if path else key)
    elif shape is not None and shape.type_name == "list" and node:
        for each in node:
            yield from _members(each, shape.member, path)
    else:
        yield path


def _query(service: str, body: str) -> Request:
    fields = dict(parse_qsl(body, keep_blank_values=True))
    operation = fields["Action"]
    names = _names(model_of(service).operation_model(operation).input_shape)
    wire = {re.sub(r"\.\d+(?=\.|$)", ".N", key) for key in fields.keys() - {"Action", "Version"}}
    members = {names.get(key) or names.get(f"{key}.N") or f"unknown {key}" for key in wire}
    return Request(service=service, operation=operation, members=frozenset(members))


def _names(shape: Any) -> dict[str, str]:
    """Return, for each name on the wire of the query protocols, the member's dotted one."""
    return dict(_wire(shape, "", "")) if shape is not None else {}


def _wire(shape: Any, wire: str, member: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > 7:
        return
    if shape.type_name == "structure":
        for name, each in shape.members.items():
            for spelled in _spelled(name, each):
                yield from _wire(
                    each, f"{wire}.{spelled}" if wire else spelled, f"{member}.{name}" if member else name, depth + 1
                )
    elif shape.type_name == "list":
        yield wire, member
        for infix in {"", ".member", f".{shape.member.serialization.get('name', 'member')}"}:
            yield from _wire(shape.member, f"{wire}{infix}.N", member, depth + 1)
    else:
        yield wire, member


def _spelled(name: str, shape: Any) -> set[str]:
    """Return how a member may be spelled: EC2 writes its location's name with a capital, the others their own."""
    serialization = shape.serialization
    location = serialization.get("queryName") or serialization.get("name", name)
    return {name, location, location[:1].upper() + location[1:]}


def _rest(service: str, entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the operation of a method and a path, and its members in body, path and query."""
    url = urlsplit(entry["path"])
    (operation, found, shape), *_ = [
        (name, match, shape)
        for name, pattern, shape in _routes(service, entry["method"])
        if (match := pattern.fullmatch(url.path))
    ]
    params: dict[str, Any] = {}
    if shape is not None:
        query = parse_qs(url.query, keep_blank_values=True)
        for name, member in shape.members.items():
            where, location = member.serialization.get("location"), member.serialization.get("name", name)
            if where == "uri" or (where == "querystring" and location in query):
                params[name] = found.groupdict().get(_group(location)) or query.get(location)
    return operation, {**params, **_body(entry, shape)}


def _body(entry: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    text = entry["request"]
    if not text:
        return {}
    if payload := shape.serialization.get("payload"):
        return {payload: text}
    by_location = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    return _renamed(json.loads(text), shape, by_location)


def _renamed(body: Mapping[str, Any], shape: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a body of JSON under the members' own names, which Amazon MQ writes with a small first letter."""
    renamed = {}
    for key, value in body.items():
        name = names.get(key, key)
        renamed[name] = _inner(value, shape.members.get(name))
    return renamed


def _inner(value: Any, shape: Any) -> Any:
    if shape is not None and shape.type_name == "structure" and isinstance(value, Mapping):
        return _renamed(value, shape, {m.serialization.get("name", n): n for n, m in shape.members.items()})
    if shape is not None and shape.type_name == "list" and isinstance(value, list):
        return [_inner(each, shape.member) for each in value]
    return value


@cache
def _routes(service: str, method: str) -> list[tuple[str, re.Pattern[str], Any]]:
    model, found = model_of(service), []
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["method"] == method:
            path = operation.http["requestUri"].partition("?")[0].rstrip("/")
            found.append((name, re.compile(_pattern(path)), operation.input_shape))
    return found


def _pattern(path: str) -> str:
    """Return what matches a path of a model, with a group for each of its variables."""
    parts = re.split(r"\{([\w-]+)\+?\}", path)
    groups = [f"(?P<{_group(part)}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return "".join(groups) + "/?"


def _group(location: str) -> str:
    return location.replace("-", "_")


@cache
def model_of(service: str) -> Any:
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)
