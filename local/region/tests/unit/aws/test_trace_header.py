"""The tracing header that an invocation carries."""

import re

from localregion.aws.lambda_.environments.trace_header import trace_id_for

ROOT = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_given_root_parent_and_sampling_decision_are_kept():
    header = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"
    assert trace_id_for(header) == header


def test_what_is_missing_beside_a_root_is_added():
    assert re.fullmatch(rf"Root={ROOT};Parent=[0-9a-f]{{16}};Sampled=0", trace_id_for(f"Root={ROOT}"))


def test_without_a_usable_root_a_new_one_is_made():
    for header in (None, "", "Root=nonsense;Sampled=1", "Root=1-x\r\nEvil: 1"):
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace_id_for(header))
