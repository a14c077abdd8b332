"""The pack as Pulumi runs it. Its SDK stands in an environment of its own, so its part is played here."""

import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement
from tests.infra.changes import put
from tests.infra.engine import UNKNOWN, build, changed, reported
from tests.infra.program import ROOT
from tests.infra.recording import recorded

import policies

BROKER = "aws:mq/broker:Broker"
INSTANCE = "aws:rds/instance:Instance"
# The pack's main program with the SDK's part played, and no module but those of the pack's own requirements.
ALONE = """
import importlib.abc, runpy, sys, types

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {foreign!r}:
            raise ModuleNotFoundError(f"the pack has no {{name}}: infra/policies/requirements.txt does not name it")

sys.meta_path.insert(0, Refuse())
built = []
sdk = types.ModuleType("pulumi_policy")
sdk.PolicyPack = lambda **given: built.append(given)
sdk.ResourceValidationPolicy = sdk.StackValidationPolicy = dict
sdk.EnforcementLevel = types.SimpleNamespace(MANDATORY="mandatory")
sdk.proxy = types.SimpleNamespace(UnknownValueError=KeyError)
sys.modules["pulumi_policy"] = sdk
runpy.run_path({main!r}, run_name="__main__")
from policies.functions import variables_are_the_settings
print(len(built[0]["policies"]))
"""


def test_the_pack_hands_every_policy_to_pulumi() -> None:
    built = build()

    assert [policy["name"] for policy in built["policies"]] == [
        "inputs-are-collected",
        *(policy.name for policy in policies.ALL),
    ]
    assert all(policy["description"].endswith(".") for policy in built["policies"])
    assert built["enforcement_level"] == "mandatory"


def test_a_violation_is_reported_with_the_resources_name() -> None:
    stack = changed(recorded("prod"), BROKER, put(publiclyAccessible=True))

    assert reported(stack) == [f"{BROKER} broker: publiclyAccessible must be false"]


def test_what_is_unknown_at_a_first_preview_hides_nothing_else() -> None:
    stack = changed(recorded("prod"), BROKER, put(publiclyAccessible=UNKNOWN))
    stack = changed(stack, INSTANCE, put(publiclyAccessible=True))

    # The one that is unknown comes first.
    assert [each.type for each in stack if each.type in (INSTANCE, BROKER)] == [BROKER, INSTANCE]
    assert reported(stack, "data-private") == [
        f"{INSTANCE} database: publiclyAccessible must be false",
        "can't run data-private",
    ]


def test_a_resource_that_the_run_leaves_out_is_looked_at_and_not_judged() -> None:
    stack = changed(recorded("prod"), BROKER, put(publiclyAccessible=True))

    assert reported(stack, visited=lambda each: each.type != BROKER) == []


def test_the_pack_runs_with_the_packages_of_its_own_requirements_alone() -> None:
    program = ALONE.format(foreign=_foreign(), main=str(ROOT / "infra" / "policies" / "__main__.py"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 1 + len(policies.ALL)


def _foreign() -> set[str]:
    """Return the installed top-level modules that the pack's requirements do not bring."""
    lines = (ROOT / "infra" / "policies" / "requirements.txt").read_text().splitlines()
    waiting = [Requirement(line) for line in lines if line and not line.startswith("#")]
    own: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        name = wanted.name.lower().replace("_", "-")
        # The SDK is not installed beside the program: its part is played.
        if name in own or name == "pulumi-policy":
            continue
        own.add(name)
        extras = {"extra": next(iter(wanted.extras), "")}
        waiting += [
            need
            for each in metadata.requires(name) or ()
            if (need := Requirement(each)).marker is None or need.marker.evaluate(extras)
        ]
    return {
        module
        for module, distributions in metadata.packages_distributions().items()
        if not {each.lower().replace("_", "-") for each in distributions} & own
    }
