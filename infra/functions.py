"""What the Lambda functions of the program have in common, so that `__main__` says of each only what is its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.database import DatabaseLogin
from components.execution_role import ExecutionRole
from components.function import ARCHITECTURE, RUNTIME, Function, FunctionArgs
from components.layers import Layers, LayersArgs
from components.network import Network
from components.policy import Statement
from configuration import PACKAGES, Configuration
from traces import Traces

# `make package` writes an archive of each, from what pyproject.toml names in [tool.localregion.layers]; the first three
# are every function's.
SHARED_LAYERS = ("dependencies", "contracts", "systems")
LAYERS = (*SHARED_LAYERS, "migrations")
_DIST = Path(__file__).resolve().parent.parent / "dist"
ARCHIVES = [
    *(_DIST / "functions" / f"{name}.zip" for name in sorted({*PACKAGES.values()})),
    *(_DIST / "layers" / f"{name}.zip" for name in LAYERS),
]
MANIFEST = _DIST / "manifest.json"


def build_layers(prefix: str) -> Layers:
    """Publish all layers."""
    return Layers(
        "layers",
        LayersArgs(prefix=prefix, folder="../dist/layers", names=LAYERS, runtime=RUNTIME, architecture=ARCHITECTURE),
    )


@dataclass(frozen=True, kw_only=True)
class Functions:
    """Builds functions: role and login of one name, the package that it runs, what all share.

    A function's alias moves after `live_after`.
    """

    config: Configuration
    roles: Mapping[str, ExecutionRole]
    logins: Mapping[str, DatabaseLogin]
    network: Network
    layers: Layers
    traces: Traces
    live_after: Sequence[pulumi.Resource] = ()

    def build(
        self,
        name: str,
        *,
        timeout_s: int,
        layer_names: Sequence[str] = (),
        environment: Mapping[str, pulumi.Input[str]],
        memory_mb: int = 512,
        statements: Sequence[Statement] = (),
        aliases: int = 1,
    ) -> Function:
        """Create the function of this name."""
        config, login, traces = self.config, self.logins[name], self.traces
        return Function(
            name,
            FunctionArgs(
                prefix=config.prefix,
                package=PACKAGES[name],
                role=self.roles[name],
                code=f"../dist/functions/{PACKAGES[name]}.zip",
                layers=[*self.layers.arns(*SHARED_LAYERS, *layer_names), *traces.layers],
                memory_mb=memory_mb,
                timeout_s=timeout_s,
                environment={
                    **login.environment,
                    **traces.environment,
                    "LOG_LEVEL": config.log_level,
                    **environment,
                },
                statements=[*login.statements, *traces.statements, *statements],
                subnet_ids=self.network.private_subnet_ids,
                security_group_id=self.network.function_security_group_id,
                log_level=config.log_level,
                log_retention_days=config.log_retention_days,
                reserved_concurrency=config.reserved_concurrency.get(name),
                snap_start=name in config.snap_start,
                aliases=aliases,
                live_after=self.live_after,
            ),
        )
