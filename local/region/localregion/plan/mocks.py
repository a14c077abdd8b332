"""AWS's part while the program is evaluated: the outputs that a resource would have, as names or references.

An output that is not given here stays unknown. An unknown value that reaches an input is an error that says where;
under Pulumi's ordinary mocks such an input would silently be missing.
https://www.pulumi.com/docs/iac/guides/testing/unit/
"""

import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi import ResourceTransform
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import callback_pb2

from localregion.plan.model import ACCOUNT, PUBLIC_FIELDS

_STACK = "pulumi:pulumi:Stack"


class UnknownInputError(Exception):
    """An input depends on an output that has no value while the program is evaluated."""


class UnsupportedCallError(Exception):
    """The program asks AWS something that the plan has no answer to."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A registered resource: its inputs as sent to the engine, secret marks in place, and the outputs it was given."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    ignore_changes: Sequence[str] = ()
    protect: bool = False
    urn: str = ""
    parent: str = ""
    dependencies: Sequence[str] = ()
    is_component: bool = False
    id: str = ""
    # None leaves it to the provider.
    delete_before_replace: bool | None = None
    # What the engine would ask about each resource below this one.
    transforms: Sequence[ResourceTransform] = ()


def is_secret(node: Any) -> bool:
    """Tell whether Pulumi marked this value as secret."""
    return isinstance(node, Mapping) and node.get(rpc._special_sig_key) == rpc._special_secret_sig


def is_archive(node: Any) -> bool:
    """Tell whether this value is a `FileArchive`."""
    return isinstance(node, Mapping) and node.get(rpc._special_sig_key) == rpc._special_archive_sig and "path" in node


def archive_path(node: Any) -> str:
    """Return the path of a `FileArchive`. ValueError for any other value."""
    if is_archive(node):
        return str(node["path"])
    raise ValueError("not a FileArchive")


def placeholder(secret_name: str) -> str:
    """Return what stands for a secret's value while the program is evaluated."""
    return f"${{secret:{secret_name}}}"


class Callbacks:
    """What the engine would call back during an update: the program's transforms, which are kept and not served."""

    def __init__(self) -> None:
        self.transforms: list[ResourceTransform] = []

    def register_transform(self, transform: ResourceTransform) -> callback_pb2.Callback:
        self.transforms.append(transform)
        return callback_pb2.Callback(token=str(len(self.transforms) - 1))


class RecordingMonitor(MockMonitor):
    """The engine's end of the wire: keeps every resource as it was sent, and refuses unknown inputs."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.recorded: list[Resource] = []
        self.callbacks = Callbacks()
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        inputs = json_format.MessageToDict(request.object)
        for path in _unknowns(inputs):
            raise UnknownInputError(
                f"{request.type} {request.name!r}: input {path} depends on an output that is unknown while the plan "
                "is made; give it in localregion/plan/mocks.py"
            )
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != _STACK:
            outputs = json_format.MessageToDict(response.object)
            recorded = Resource(
                type=request.type,
                name=request.name,
                inputs=inputs,
                outputs=outputs,
                ignore_changes=tuple(request.ignoreChanges),
                protect=request.protect,
                urn=response.urn,
                parent=request.parent,
                dependencies=tuple(request.dependencies),
                # A component of the program itself; one of a provider brings resources that the mocks do not see.
                is_component=not request.custom and not request.remote,
                id=response.id,
                delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
                transforms=tuple(self.callbacks.transforms[int(each.token)] for each in request.transforms),
            )
            with self._lock:
                self.recorded.append(recorded)
        return response


def _unknowns(node: Any, path: str = "") -> Iterator[str]:
    if node == rpc.UNKNOWN:
        yield path or "(all)"
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _unknowns(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _unknowns(value, f"{path}[{index}]")


class AwsMocks(Mocks):
    """Gives every resource its outputs: the inputs, an ARN, and what `_given` adds for its type."""

    def __init__(self, *, region: str) -> None:
        self._region = region

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # Pulumi accepts a plain dict
        if args.token == "aws:secretsmanager/getRandomPassword:getRandomPassword":  # noqa: S105 (a function's name)
            # A new value at each call, as in AWS; that none of them reaches the plan is checked.
            return {**args.args, "randomPassword": secrets.token_hex(20)}
        raise UnsupportedCallError(f"the program calls {args.token}, which has no answer on this machine")

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = args.inputs
        if args.typ.startswith("awsx:"):
            return args.name, _network(inputs)  # its inputs have other types than its outputs
        name = str(inputs.get("name", args.name))
        service = args.typ.split(":")[1].split("/")[0]
        outputs = {**inputs, "name": name, "arn": self._arn(service, name)}
        outputs.update(self._given(args.typ, name, inputs))
        if args.typ in _ID_IS_ARN:
            return str(outputs["arn"]), outputs
        if args.typ == _BUCKET:
            return str(outputs["bucket"]), outputs
        if args.typ == "aws:ec2/securityGroup:SecurityGroup":
            return "sg-" + args.name.replace("-", ""), outputs
        return args.name, outputs

    def _arn(self, service: str, name: str) -> str:
        return f"arn:aws:{service}:{self._region}:{ACCOUNT}:{name}"

    def _given(self, type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what AWS adds to a resource of this type; `arn` only where others read it."""
        match type_:
            case "aws:lambda/function:Function":
                return {"arn": self._arn("lambda", f"function:{name}"), "version": "1"}
            case "aws:lambda/alias:Alias":
                return {"arn": self._arn("lambda", f"function:{inputs['functionName']}:{name}")}
            case "aws:lambda/layerVersion:LayerVersion":
                return {"arn": self._arn("lambda", f"layer:{inputs['layerName']}:1"), "version": "1"}
            case "aws:lambda/invocation:Invocation":
                return {"result": "{}"}
            case "aws:secretsmanager/secret:Secret":
                return {"arn": self._arn("secretsmanager", f"secret:{name}")}
            case "aws:secretsmanager/secretVersion:SecretVersion":
                return _secret_version(inputs)
            case "aws:rds/instance:Instance":
                return self._database(inputs)
            case "aws:rds/proxy:Proxy":
                return {"arn": self._arn("rds", "db-proxy:prx-0"), "endpoint": "${database.host}"}
            case "aws:mq/broker:Broker":
                return self._broker(inputs)
            case "aws:lb/loadBalancer:LoadBalancer":
                return {"dnsName": "gateway.invalid", "arnSuffix": f"app/{name}/0"}
            case "aws:lb/targetGroup:TargetGroup":
                return {"arnSuffix": f"targetgroup/{name}/0"}
            case "aws:iam/role:Role":
                return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
            case "aws:kms/key:Key":
                return {"arn": self._arn("kms", f"key/{_KEY_ID}"), "keyId": _KEY_ID}
            case "aws:ecs/cluster:Cluster":
                return {"arn": self._arn("ecs", f"cluster/{name}")}
            case "aws:ssm/document:Document":
                return {"arn": self._arn("ssm", f"document/{name}")}
            case "aws:cloudwatch/logGroup:LogGroup":
                return {"arn": self._arn("logs", f"log-group:{name}")}
            case _ if type_ == _BUCKET:
                return _bucket(name, inputs)
        return {}

    def _database(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "arn": self._arn("rds", f"db:{inputs['identifier']}"),
            "resourceId": "db-0",
            "address": "${database.host}",
            "port": "${database.port}",
            "masterUserSecrets": [{"secretArn": self._arn("secretsmanager", f"secret:{MANAGED_SECRET}")}],
        }

    def _broker(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        instance = {"endpoints": ["${broker.endpoint}"], "consoleUrl": "${broker.management_url}"}
        return {"arn": self._arn("mq", f"broker:{inputs['brokerName']}:b-0"), "instances": [instance]}


_KEY_ID = "00000000-0000-0000-0000-000000000000"
_BUCKET = "aws:s3/bucket:Bucket"
_ID_IS_ARN = frozenset({"aws:secretsmanager/secret:Secret"})
# The secret that RDS makes for the administrator; in AWS its name is `rds!db-` and an id.
MANAGED_SECRET = "database/admin"  # noqa: S105 (a name)


def _bucket(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name of a bucket, which in AWS a prefix only begins, and its ARN without region and account."""
    bucket = str(inputs.get("bucket") or inputs.get("bucketPrefix", name)).removesuffix("-")
    return {"bucket": bucket, "arn": f"arn:aws:s3:::{bucket}"}


def _network(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a VPC's outputs: as many subnets of each kind as it has zones, three by awsx's default."""
    zones = range(int(inputs.get("numberOfAvailabilityZones", 3)))
    return {
        "vpcId": "vpc-0",
        "publicSubnetIds": [f"subnet-public{zone}" for zone in zones],
        "privateSubnetIds": [f"subnet-private{zone}" for zone in zones],
    }


def _secret_version(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the version as the state keeps it: each field that is not public is the secret's placeholder."""
    name = str(inputs["secretId"]).rsplit(":secret:", 1)[-1]
    kept = json.dumps({key: value if key in PUBLIC_FIELDS else placeholder(name) for key, value in _fields(inputs)})
    return {
        "versionId": "00000000-0000-0000-0000-000000000000",
        "secretString": {rpc._special_sig_key: rpc._special_secret_sig, "value": kept},
    }


def _fields(inputs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    text = inputs["secretString"]
    return list(json.loads(text["value"] if is_secret(text) else text).items())
