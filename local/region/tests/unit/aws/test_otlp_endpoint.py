"""Where functions of a local system send their spans."""

from __future__ import annotations

import json

from integration.aws.running_emulator import function, plan_of

from localregion.aws.lambda_.otlp_endpoint import with_otlp_endpoint
from localregion.plan import model

HERE = "http://127.0.0.1:8099"
VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def plan() -> model.Plan:
    traced = function("traced", "traced.handler", environment={VARIABLE: "http://127.0.0.1:8080", "A": "1"})
    return model.from_json(json.dumps(plan_of([traced, function("silent", "silent.handler", environment={"A": "1"})])))


def test_functions_that_export_send_it_here_and_the_others_export_nothing() -> None:
    found = with_otlp_endpoint(plan(), HERE)
    assert found.function("traced").environment == {VARIABLE: HERE, "A": "1"}
    assert found.function("silent").environment == {"A": "1"}


def test_a_time_out_goes_to_those_that_export() -> None:
    found = with_otlp_endpoint(plan(), HERE, "250")
    assert found.function("traced").environment == {VARIABLE: HERE, "OTEL_EXPORTER_OTLP_TIMEOUT": "250", "A": "1"}
    assert found.function("silent").environment == {"A": "1"}


def test_without_an_endpoint_the_plan_is_as_it_was() -> None:
    assert with_otlp_endpoint(plan(), None) == plan()
