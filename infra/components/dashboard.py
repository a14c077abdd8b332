"""The dashboard's graphs: what the functions count, their invocations, and what alarms look at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from components.alarms.model import FIVE_MINUTES_S, Alarm, Metric
from components.alarms.watched import Watched
from components.figures import figures_of


def widgets_of(
    watched: Watched, alarms: Mapping[str, Alarm], *, functions: Sequence[pulumi.Input[str]], region: str
) -> list[dict[str, Any]]:
    """Return them in three columns."""
    graphs = [
        _graph(figure.title, [(line, figure.statistic) for line in figure.lines()], region)
        for figure in figures_of(watched)
    ]
    graphs += [_invocations(metric, functions, region) for metric in ("Invocations", "Errors", "Throttles", "Duration")]
    graphs += [
        _graph(name, [(_line(metric), metric.statistic) for metric in metrics], region)
        for name, metrics in _looked_at(alarms)
    ]
    return [
        {**graph, "width": 8, "height": 6, "x": 8 * (index % 3), "y": 6 * (index // 3)}
        for index, graph in enumerate(graphs)
    ]


def _looked_at(alarms: Mapping[str, Alarm]) -> Iterator[tuple[str, list[Metric]]]:
    """Yield each set of metrics once, by the first alarm that has it: an objective's windows share theirs."""
    shown: list[list[Metric]] = []
    for name, alarm in alarms.items():
        metrics = list(alarm.metrics.values())
        if metrics not in shown:
            shown.append(metrics)
            yield name, metrics


def _invocations(metric: str, functions: Sequence[pulumi.Input[str]], region: str) -> dict[str, Any]:
    statistic = "p99" if metric == "Duration" else "Sum"
    lines = [(["AWS/Lambda", metric, "FunctionName", function], statistic) for function in functions]
    return _graph(f"Functions: {metric}", lines, region)


def _line(metric: Metric) -> list[pulumi.Input[str]]:
    dimensions = [part for dimension in metric.dimensions.items() for part in dimension]
    return [metric.namespace, metric.name, *dimensions]


def _graph(title: str, lines: Sequence[tuple[list[pulumi.Input[str]], str]], region: str) -> dict[str, Any]:
    metrics = [[*line, {"stat": statistic}] for line, statistic in lines]
    properties = {"title": title, "metrics": metrics, "period": FIVE_MINUTES_S, "region": region}
    return {"type": "metric", "properties": properties}
