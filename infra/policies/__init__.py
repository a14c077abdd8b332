"""The policy pack: rules that every stack keeps, checked over the plans in the tests and by Pulumi at each preview."""

from collections.abc import Sequence

from policies import api_models, data, front, functions, mappings, network, people, rights, traces
from policies.model import Policy

ALL: Sequence[Policy] = tuple(
    value
    for module in (data, network, front, rights, people, functions, traces, mappings, api_models)
    for value in vars(module).values()
    if isinstance(value, Policy)
)
