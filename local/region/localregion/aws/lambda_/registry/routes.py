"""Which operation of Lambda's API a request asks for: methods and paths, as in AWS's description of the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from localregion.aws.lambda_.registry import aliases, function_settings, functions, layers, policies, tags
from localregion.aws.lambda_.registry.call import Call
from localregion.aws.lambda_.registry.state import Document

Operation = Callable[[Call], Document | None]


@dataclass(frozen=True, kw_only=True)
class Route:
    """`status` is that of the answer; `query` has to stand in the request's query."""

    name: str
    method: str
    path: re.Pattern[str]
    operation: Operation
    status: int = 200
    query: str = ""

    @property
    def changes(self) -> bool:
        return self.method != "GET"


def _route(call: str, operation: Operation, status: int = 200) -> Route:
    method, target, name = call.split()
    path, _, query = target.partition("?")
    return Route(
        name=name,
        method=method,
        path=re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)),
        operation=operation,
        status=status,
        query=query,
    )


_FUNCTIONS = "/2015-03-31/functions"
_ONE = f"{_FUNCTIONS}/{{function}}"
_EVENTS = "/2019-09-25/functions/{function}/event-invoke-config"
_RUNTIME = "/2021-07-20/functions/{function}/runtime-management-config"
_RECURSION = "/2024-08-31/functions/{function}/recursion-config"
_LAYERS = "/2018-10-31/layers"
_TAGS = "/2017-03-31/tags/{arn}"

ROUTES = (
    _route(f"POST {_FUNCTIONS} CreateFunction", functions.create_function, 201),
    _route(f"GET {_FUNCTIONS} ListFunctions", functions.list_functions),
    _route(f"GET {_ONE} GetFunction", functions.get_function),
    _route(f"DELETE {_ONE} DeleteFunction", functions.delete_function, 204),
    _route(f"GET {_ONE}/configuration GetFunctionConfiguration", functions.get_function_configuration),
    _route(f"PUT {_ONE}/configuration UpdateFunctionConfiguration", functions.update_function_configuration),
    _route(f"PUT {_ONE}/code UpdateFunctionCode", functions.update_function_code),
    _route(f"POST {_ONE}/versions PublishVersion", functions.publish_version, 201),
    _route(f"GET {_ONE}/versions ListVersionsByFunction", functions.list_versions),
    _route(f"POST {_ONE}/aliases CreateAlias", aliases.create_alias, 201),
    _route(f"GET {_ONE}/aliases ListAliases", aliases.list_aliases),
    _route(f"GET {_ONE}/aliases/{{alias}} GetAlias", aliases.get_alias),
    _route(f"PUT {_ONE}/aliases/{{alias}} UpdateAlias", aliases.update_alias),
    _route(f"DELETE {_ONE}/aliases/{{alias}} DeleteAlias", aliases.delete_alias, 204),
    _route(f"POST {_ONE}/policy AddPermission", policies.add_permission, 201),
    _route(f"GET {_ONE}/policy GetPolicy", policies.get_policy),
    _route(f"DELETE {_ONE}/policy/{{statement}} RemovePermission", policies.remove_permission, 204),
    _route(
        "PUT /2017-10-31/functions/{function}/concurrency PutFunctionConcurrency", function_settings.put_concurrency
    ),
    _route(
        "GET /2019-09-30/functions/{function}/concurrency GetFunctionConcurrency", function_settings.get_concurrency
    ),
    _route(
        "DELETE /2017-10-31/functions/{function}/concurrency DeleteFunctionConcurrency",
        function_settings.delete_concurrency,
        204,
    ),
    _route(f"PUT {_EVENTS} PutFunctionEventInvokeConfig", function_settings.put_event_invoke_config),
    _route(f"POST {_EVENTS} UpdateFunctionEventInvokeConfig", function_settings.update_event_invoke_config),
    _route(f"GET {_EVENTS} GetFunctionEventInvokeConfig", function_settings.get_event_invoke_config),
    _route(f"DELETE {_EVENTS} DeleteFunctionEventInvokeConfig", function_settings.delete_event_invoke_config, 204),
    _route(f"GET {_EVENTS}/list ListFunctionEventInvokeConfigs", function_settings.list_event_invoke_configs),
    _route(f"PUT {_RUNTIME} PutRuntimeManagementConfig", function_settings.put_runtime_management),
    _route(f"GET {_RUNTIME} GetRuntimeManagementConfig", function_settings.get_runtime_management),
    _route(f"PUT {_RECURSION} PutFunctionRecursionConfig", function_settings.put_recursion),
    _route(f"GET {_RECURSION} GetFunctionRecursionConfig", function_settings.get_recursion),
    _route(
        "GET /2020-06-30/functions/{function}/code-signing-config GetFunctionCodeSigningConfig",
        function_settings.get_code_signing,
    ),
    _route("GET /2016-08-19/account-settings GetAccountSettings", function_settings.get_account_settings),
    _route(f"GET {_LAYERS}?find GetLayerVersionByArn", layers.get_layer_version_by_arn),
    _route(f"GET {_LAYERS} ListLayers", layers.list_layers),
    _route(f"POST {_LAYERS}/{{layer}}/versions PublishLayerVersion", layers.publish_layer_version, 201),
    _route(f"GET {_LAYERS}/{{layer}}/versions ListLayerVersions", layers.list_layer_versions),
    _route(f"GET {_LAYERS}/{{layer}}/versions/{{version}} GetLayerVersion", layers.get_layer_version),
    _route(f"DELETE {_LAYERS}/{{layer}}/versions/{{version}} DeleteLayerVersion", layers.delete_layer_version, 204),
    _route(f"POST {_TAGS} TagResource", tags.tag_resource, 204),
    _route(f"DELETE {_TAGS} UntagResource", tags.untag_resource, 204),
    _route(f"GET {_TAGS} ListTags", tags.list_tags),
)
# Where the API begins; a bucket may have the name of no date.
PREFIX = re.compile(r"/20\d\d-\d\d-\d\d/(functions|layers|tags|account-settings|code-signing-configs)(/|$)")


def find_route(method: str, path: str, query: dict[str, str]) -> tuple[Route, dict[str, str]] | None:
    """Return the operation that is asked for with the parameters of its path."""
    for route in ROUTES:
        match = route.path.fullmatch(path)
        if match is not None and route.method == method and (not route.query or route.query in query):
            return route, match.groupdict()
    return None
