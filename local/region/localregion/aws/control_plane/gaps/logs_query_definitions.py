"""CloudWatch Logs: saved queries.

AWS: PutQueryDefinition makes one, or changes the one whose id is given; DescribeQueryDefinitions lists those whose name
has a prefix; DeleteQueryDefinition says whether there was one. moto has none of the three.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time_millis
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

_LIST_MAX = 1000


@dataclass
class QueryDefinition:
    query_definition_id: str
    name: str
    query_string: str
    log_group_names: list[str]
    last_modified: int

    def to_json(self) -> dict[str, Any]:
        return {
            "queryDefinitionId": self.query_definition_id,
            "name": self.name,
            "queryString": self.query_string,
            "logGroupNames": self.log_group_names,
            "lastModified": self.last_modified,
        }


# By region's backend, then by id, in the order in which they were made.
_definitions: dict[LogsBackend, dict[str, QueryDefinition]] = defaultdict(dict)


def put_query_definition(self: LogsResponse) -> ActionResult:
    definitions = _definitions[self.logs_backend]
    given_id = self._get_param("queryDefinitionId")
    if given_id and given_id not in definitions:
        raise ResourceNotFoundException("The specified query definition does not exist.")
    definition = QueryDefinition(
        query_definition_id=given_id or str(mock_random.uuid4()),
        name=self._get_param("name"),
        query_string=self._get_param("queryString"),
        log_group_names=self._get_param("logGroupNames", []),
        last_modified=int(unix_time_millis()),
    )
    definitions[definition.query_definition_id] = definition
    return ActionResult({"queryDefinitionId": definition.query_definition_id})


def describe_query_definitions(self: LogsResponse) -> ActionResult:
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    most = self._get_param("maxResults") or _LIST_MAX
    start = int(self._get_param("nextToken") or 0)
    found = [each.to_json() for each in _definitions[self.logs_backend].values() if each.name.startswith(prefix)]
    more = {"nextToken": str(start + most)} if len(found) > start + most else {}
    return ActionResult({"queryDefinitions": found[start : start + most], **more})


def delete_query_definition(self: LogsResponse) -> ActionResult:
    definition = _definitions[self.logs_backend].pop(self._get_param("queryDefinitionId"), None)
    if definition is None:
        raise ResourceNotFoundException("The specified query definition does not exist.")
    return ActionResult({"success": True})


def fill() -> None:
    for operation in (put_query_definition, describe_query_definitions, delete_query_definition):
        setattr(LogsResponse, operation.__name__, operation)
