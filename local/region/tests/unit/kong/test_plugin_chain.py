"""The order of plugins and which of a plugin's configurations runs."""

from __future__ import annotations

import itertools

import pytest

from localregion.kong.config.configuration import PluginConfiguration, Route, Service
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.plugin_chain import most_specific

# Most specific first, as recorded on the real Kong (consumer, route, service).
RECORDED = ["crs", "cr", "cs", "rs", "c", "r", "s", ""]
ROUTE = Route(
    id="r", name="r", paths=("/a",), strip_path=True, regex_priority=0, service=Service(id="s", name="s", path=None)
)


def _scoped(letters: str) -> PluginConfiguration:
    scope = {"consumer_id": "c", "route_id": "r", "service_id": "s"}
    return PluginConfiguration(
        name="key-auth", config={}, **{name: value for name, value in scope.items() if value in letters}
    )


@pytest.mark.parametrize(("winner", "loser"), list(itertools.combinations(RECORDED, 2)))
def test_the_more_specific_configuration_wins(winner: str, loser: str) -> None:
    entries = {entry.scope: entry for entry in (_scoped(loser), _scoped(winner))}
    assert most_specific(entries, route=ROUTE, consumer_id="c") == _scoped(winner)


def test_a_configuration_of_another_consumer_does_not_apply() -> None:
    entries = {_scoped("c").scope: _scoped("c")}
    assert most_specific(entries, route=ROUTE, consumer_id="other") is None
    assert most_specific(entries, route=ROUTE, consumer_id=None) is None


def test_a_route_that_no_function_answers_is_refused() -> None:
    configuration = parse({"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/a"]}]})
    with pytest.raises(ConfigurationError, match="route 'r' has no aws-lambda plugin: proxying to a service is not"):
        Gateway(configuration, None)  # type: ignore[arg-type]
