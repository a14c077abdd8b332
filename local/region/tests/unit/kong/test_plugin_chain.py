"""The order of plugins and which of a plugin's configurations runs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from localregion.kong.config.configuration import PluginConfiguration, Route, Service
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.gateway import Gateway
from localregion.kong.plugin import Plugin, Surroundings
from localregion.kong.plugin_chain import Entries, made_entries, most_specific

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


# What may be configured on the way of a request: every subset of the eight scopes is tried.
SUBSETS = [subset for size in range(len(RECORDED) + 1) for subset in itertools.combinations(RECORDED, size)]


@pytest.mark.parametrize("service", [ROUTE.service, None], ids=["service", "no-service"])
def test_a_route_takes_what_is_most_specific_of_any_set_of_configurations(service: Service | None) -> None:
    """Beside configurations of another consumer, another route and another service, which change nothing."""
    route = replace(ROUTE, service=service)
    others = [("other", None, None), ("c", "elsewhere", None), ("other", None, "elsewhere"), (None, "elsewhere", "s")]
    for subset in SUBSETS:
        scopes = [_scoped(letters).scope for letters in subset]
        entries = Entries()
        plugins = {scope: Plugin() for scope in [*scopes, *others]}
        for scope, plugin in plugins.items():
            entries.add(scope, plugin)
        step = entries.step(route)
        for consumer_id in ("c", "other", "without configurations", None):
            assert step.plugin(consumer_id) is most_specific(plugins, route=route, consumer_id=consumer_id), (
                subset,
                consumer_id,
            )


def test_all_routes_share_what_only_names_a_consumer() -> None:
    """Ten thousand consumers, each with a limit, on fifty routes: one table, and one plugin for each limit."""
    consumers = [
        {"username": f"c{number}", "plugins": [{"name": "rate-limiting", "config": {"second": 1 + number % 5}}]}
        for number in range(10_000)
    ]
    routes = [{"name": f"r{number}", "paths": [f"/{number}"]} for number in range(50)]
    configuration = parse({"_format_version": "3.0", "routes": routes, "consumers": consumers})
    limits = made_entries(configuration, Surroundings(credentials={}, invoke_client=None))["rate-limiting"]  # type: ignore[arg-type]
    steps = [limits.step(route) for route in configuration.routes]
    assert len({id(step.of_consumers) for step in steps}) == 1
    assert len(steps[0].of_consumers) == 10_000
    assert len({id(plugin) for plugin in steps[0].of_consumers.values()}) == 5
    assert not any(step.here for step in steps)


def test_a_route_that_no_function_answers_is_refused() -> None:
    configuration = parse({"_format_version": "3.0", "routes": [{"name": "r", "paths": ["/a"]}]})
    with pytest.raises(ConfigurationError, match="route 'r' has no aws-lambda plugin: proxying to a service is not"):
        Gateway(configuration, None)  # type: ignore[arg-type]
