"""A control plane for a test: a real process, real boto3 clients."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.session
import httpx

REGION_ROOT = Path(__file__).parents[4]
ADDRESSES = {
    "broker.endpoint": "amqp://127.0.0.1:25729",
    "broker.management_url": "http://127.0.0.1:15679",
    "database.host": "127.0.0.1",
    "database.port": "25432",
    "gateway": "127.0.0.1:8000",
}
READY_S = 60


class RunningControlPlane:
    """One process after the other on the same folder."""

    def __init__(self, state: Path, *, addresses: dict[str, str] | None = None, account: str = "000000000000") -> None:
        self.state = state
        self._arguments = ["--account", account, "--addresses", json.dumps(addresses or ADDRESSES)]
        self.start()

    @property
    def journal(self) -> Path:
        return self.state / "control_plane" / "journal.jsonl"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        began = time.monotonic()
        command = [sys.executable, "-m", "localregion.aws.control_plane", "--state", str(self.state)]
        with (self.state.parent / "control_plane.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(REGION_ROOT)},
            )
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["port"])
        self.ready_s = time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self._wait()

    def terminate(self) -> int:
        self.process.terminate()
        return self._wait()

    def stop(self) -> int:
        """End it by closing its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self._wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def resources(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.address}/_localregion/resources").json()
        return answer

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return _client(service, region, self.address)

    def cbor_client(self, service: str, folder: Path) -> Any:
        """Return a client that speaks CBOR as other SDKs do; `folder` is for the changed description of the service."""
        session = botocore.session.Session()
        loader = session.get_component("data_loader")
        version = loader.determine_latest_version(service, "service-2")
        description = loader.load_service_model(service, "service-2")
        description["metadata"] |= {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
        changed = folder / service / version / "service-2.json"
        changed.parent.mkdir(parents=True)
        changed.write_text(json.dumps(description))
        session = botocore.session.Session()
        session.get_component("data_loader").search_paths.insert(0, str(folder))
        return session.create_client(service, **_settings("us-east-1", self.address))

    def _wait(self) -> int:
        assert self.process.stdout is not None
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        return code


@functools.cache
def _client(service: str, region: str, address: str) -> Any:
    return boto3.client(service, **_settings(region, address))


def _settings(region: str, address: str) -> dict[str, Any]:
    return {
        "region_name": region,
        "endpoint_url": address,
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
        "config": botocore.config.Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    }


def create_database(control_plane: RunningControlPlane, name: str, **changes: Any) -> dict[str, Any]:
    """Create one whose password RDS keeps; return what the call answered."""
    created: dict[str, Any] = control_plane.client("rds").create_db_instance(
        **{
            "DBInstanceIdentifier": name,
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "EngineVersion": "18",
            "AllocatedStorage": 20,
            "DBName": "things",
            "MasterUsername": "administrator",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": "both",
            **changes,
        }
    )["DBInstance"]
    return created
