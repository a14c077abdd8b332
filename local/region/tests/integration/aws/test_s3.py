"""S3 by boto3 and by plain requests: objects, conditions, refusals, and a restart."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from integration.aws.running_emulator import RunningEmulator, function, plan_of, write_function
from tests.plain_http import NO_TLS

BUCKET = "local-things"
KEYS = ["..", "../../secrets.json", "%2e%2e/%2e%2e/x", "a/../../../b", ".", "/etc/x", "k" * 1024]


@pytest.fixture(scope="module")
def emulator(
    start_emulator: Callable[..., RunningEmulator], tmp_path_factory: pytest.TempPathFactory
) -> RunningEmulator:
    folder = tmp_path_factory.mktemp("project")
    write_function(folder, "probe", "import os\n\n\ndef echo(event, context):\n    return event\n")
    # A bucket may be called as the date of an API's version.
    return start_emulator(folder, plan_of([function("echo", "probe.handler.echo")], buckets=[BUCKET, "2015-03-31"]))


@pytest.fixture
def s3(emulator: RunningEmulator) -> Any:
    return emulator.client("s3")


def request(emulator: RunningEmulator, method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(method, emulator.url + path, verify=NO_TLS, timeout=60, **options)


def code(answer: httpx.Response) -> str:
    return answer.text.partition("<Code>")[2].partition("</Code>")[0]


def test_an_object_is_read_as_it_was_put(s3: Any) -> None:
    content = os.urandom(3_000_000)
    put = s3.put_object(
        Bucket=BUCKET, Key="a/b c/ä.json", Body=content, ContentType="application/json", Metadata={"x": "1"}
    )

    assert put["ETag"] == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    got = s3.get_object(Bucket=BUCKET, Key="a/b c/ä.json")
    assert got["Body"].read() == content
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (put["ETag"], "application/json", {"x": "1"})
    head = s3.head_object(Bucket=BUCKET, Key="a/b c/ä.json")
    assert (head["ContentLength"], head["ETag"]) == (len(content), put["ETag"])


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_stream_with_each_checksum_is_taken(s3: Any, algorithm: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="stream", Body=io.BytesIO(b"x" * 100_000), ChecksumAlgorithm=algorithm)

    assert s3.get_object(Bucket=BUCKET, Key="stream")["Body"].read() == b"x" * 100_000


def test_an_object_that_did_not_change_is_not_sent_again(emulator: RunningEmulator, s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key="k", Body=b"1")["ETag"]

    with pytest.raises(ClientError) as unchanged:
        s3.get_object(Bucket=BUCKET, Key="k", IfNoneMatch=etag)
    assert unchanged.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304
    answer = request(emulator, "GET", f"/{BUCKET}/k", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"2")
    assert s3.get_object(Bucket=BUCKET, Key="k", IfNoneMatch=etag)["Body"].read() == b"2"


def test_an_object_is_written_only_over_the_one_that_was_meant(s3: Any) -> None:
    first = s3.put_object(Bucket=BUCKET, Key="c", Body=b"1")["ETag"]
    second = s3.put_object(Bucket=BUCKET, Key="c", Body=b"2", IfMatch=first)["ETag"]

    for condition in ({"IfMatch": first}, {"IfNoneMatch": "*"}):
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket=BUCKET, Key="c", Body=b"3", **condition)
        assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=BUCKET, Key="c", IfMatch=second)["Body"].read() == b"2"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket=BUCKET, Key="c", IfMatch=first)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.put_object(Bucket=BUCKET, Key="none", Body=b"", IfMatch=first)


def test_what_is_not_there_is_said_in_s3s_words(emulator: RunningEmulator, s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key="nothing")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket="elsewhere", Key="nothing")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="nothing")
    # Unsigned and to no bucket: no call of any API.
    assert request(emulator, "GET", "/elsewhere/nothing").status_code == 501


def test_what_is_not_emulated_is_named(s3: Any, emulator: RunningEmulator) -> None:
    for call, operation in (
        (lambda: s3.delete_object(Bucket=BUCKET, Key="k"), "DeleteObject"),
        (lambda: s3.list_objects_v2(Bucket=BUCKET), "ListObjects"),
        (lambda: s3.create_multipart_upload(Bucket=BUCKET, Key="k"), "CreateMultipartUpload"),
        (lambda: s3.copy_object(Bucket=BUCKET, Key="k", CopySource="b/k"), "CopyObject"),
        (lambda: s3.get_object(Bucket=BUCKET, Key="k", Range="bytes=0-1"), "GetObject by range"),
        (lambda: s3.get_object_acl(Bucket=BUCKET, Key="k"), "GET with ?acl"),
    ):
        with pytest.raises(ClientError, match=rf"NotImplemented.*S3's {operation.replace('?', '.')}.* is not emulated"):
            call()
    assert request(emulator, "PATCH", f"/{BUCKET}/k").status_code == 501


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    lines = b"".join(b"%x;chunk-signature=0\r\n%s\r\n" % (len(part), part) for part in parts)
    return lines + b"0\r\n" + trailer + b"\r\n"


def put_chunked(emulator: RunningEmulator, body: bytes, length: int) -> httpx.Response:
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(length),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    return request(emulator, "PUT", f"/{BUCKET}/chunked", content=body, headers=headers)


def test_a_body_in_chunks_is_put_together_and_its_trailer_checked(emulator: RunningEmulator) -> None:
    trailer = b"x-amz-checksum-crc32:" + b64encode(zlib.crc32(b"abcdef").to_bytes(4, "big")) + b"\r\n"

    assert put_chunked(emulator, chunked(b"abc", b"def", trailer=trailer), 6).is_success
    assert request(emulator, "GET", f"/{BUCKET}/chunked").content == b"abcdef"

    wrong = put_chunked(emulator, chunked(b"abc", trailer=trailer), 3)
    assert (wrong.status_code, code(wrong)) == (400, "BadDigest")
    for body in (b"3\r\nabc\r\n", b"zz\r\n", b"9\r\nabc\r\n0\r\n\r\n", chunked(b"abcd")):
        assert code(put_chunked(emulator, body, 3)) == "IncompleteBody"
    assert request(emulator, "GET", f"/{BUCKET}/chunked").content == b"abcdef"


def test_a_wrong_checksum_is_refused(emulator: RunningEmulator) -> None:
    for header in ("Content-MD5", "x-amz-checksum-sha256", "x-amz-checksum-crc32"):
        answer = request(emulator, "PUT", f"/{BUCKET}/w", content=b"x", headers={header: "AAAA"})
        assert (answer.status_code, code(answer)) == (400, "BadDigest")


@pytest.mark.parametrize(
    "key", ["..", "../../secrets.json", "%2e%2e/%2e%2e/x", "a/../../../b", ".", "/etc/x", "k" * 1024]
)
def test_no_key_leads_out_of_the_bucket(emulator: RunningEmulator, s3: Any, key: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    folder = emulator.state / "emulator" / "s3"
    assert {path.parent for path in folder.rglob("*") if path.is_file()} == {folder / BUCKET}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*") if path.is_file())


def test_what_is_too_long_is_refused(emulator: RunningEmulator) -> None:
    assert code(request(emulator, "PUT", f"/{BUCKET}/{'k' * 1025}", content=b"")) == "KeyTooLongError"
    large = request(emulator, "PUT", f"/{BUCKET}/large", content=bytes(64 * 1024 * 1024 + 1))
    assert (large.status_code, code(large)) == (400, "EntityTooLarge")
    assert request(emulator, "PUT", f"/{BUCKET}/large", content=bytes(7 * 1024 * 1024)).is_success


def test_a_bucket_takes_no_path_of_lambdas(emulator: RunningEmulator) -> None:
    answer = request(emulator, "POST", "/2015-03-31/functions/echo/invocations", content=b"[1]")
    assert (answer.status_code, answer.json()) == (200, [1])
    assert request(emulator, "PUT", "/2015-03-31/k", content=b"1").is_success
    assert request(emulator, "GET", "/2015-03-31/k").content == b"1"


def test_pages_in_a_browser_reach_no_object(emulator: RunningEmulator) -> None:
    for headers, status in (({"Origin": "http://evil.test"}, 403), ({"Host": "evil.test"}, 421)):
        assert request(emulator, "PUT", f"/{BUCKET}/evil", content=b"x", headers=headers).status_code == status
    assert request(emulator, "GET", f"/{BUCKET}/evil").status_code == 404


def test_objects_survive_a_restart(
    start_emulator: Callable[..., RunningEmulator], tmp_path_factory: pytest.TempPathFactory
) -> None:
    emulator = start_emulator(tmp_path_factory.mktemp("project"), plan_of([], buckets=[BUCKET]))
    etag = emulator.client("s3").put_object(Bucket=BUCKET, Key="k", Body=b"kept")["ETag"]
    emulator.stop()
    emulator._clients.clear()

    emulator.start()

    got = emulator.client("s3").get_object(Bucket=BUCKET, Key="k")
    assert (got["Body"].read(), got["ETag"]) == (b"kept", etag)
