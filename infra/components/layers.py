"""The layers, published from the archives that `make package` writes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class LayersArgs:
    """`names` are archives `<name>.zip` in `folder`, which is relative to the program."""

    prefix: str
    folder: str
    names: Sequence[str]
    runtime: str
    architecture: str


class Layers(pulumi.ComponentResource):
    """Every layer of the system.

    Creates:
      - a layer version per name

    Outputs: none; `arns` gives those of a function.
    """

    def __init__(self, name: str, args: LayersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("serverless-orders:components:Layers", name, None, opts)
        self._arns = {layer: self._build_version(layer, args).arn for layer in args.names}
        self.register_outputs({})

    def arns(self, *names: str) -> list[pulumi.Output[str]]:
        """Return the ARNs of these layers in this order: of two files of one name the later layer's wins."""
        return [self._arns[name] for name in names]

    def _build_version(self, layer: str, args: LayersArgs) -> aws.lambda_.LayerVersion:
        return aws.lambda_.LayerVersion(
            layer,
            layer_name=f"{args.prefix}{layer}",
            code=pulumi.FileArchive(f"{args.folder}/{layer}.zip"),
            compatible_runtimes=[args.runtime],
            compatible_architectures=[args.architecture],
            opts=pulumi.ResourceOptions(parent=self),
        )
