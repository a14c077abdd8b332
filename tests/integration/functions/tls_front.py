"""TLS in front of a Postgres that has none: what RDS speaks, with certificates of an authority made for the test."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# What a client sends before anything else when it wants TLS.
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass(frozen=True)
class Certified:
    """A server's certificate with its key, and the authority that signed it, as files."""

    authority: Path
    chain: Path


def certify(folder: Path, *, host: str) -> Certified:
    """Make an authority, and a certificate for `host` that it signed."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test Root CA", authority_key, signed_by=("Test Root CA", authority_key), is_authority=True)
    leaf = _certificate(host, server_key, signed_by=("Test Root CA", authority_key), is_authority=False)
    authority, chain = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(_pem(root))
    private = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + _pem(leaf))
    return Certified(authority=authority, chain=chain)


@contextmanager
def tls_front(chain: Path, *, host: str, port: int) -> Iterator[int]:
    """Serve TLS with this certificate in front of a Postgres; returns the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, context, (host, port)), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket, context: ssl.SSLContext, upstream: tuple[str, int]) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, context, upstream), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, upstream: tuple[str, int]) -> None:
    with suppress(OSError), client, socket.create_connection(upstream) as behind:
        if client.recv(8) != SSL_REQUEST:
            return
        client.sendall(b"S")
        # A client that does not trust the certificate hangs up here.
        with context.wrap_socket(client, server_side=True) as encrypted:
            threading.Thread(target=_pump, args=(behind, encrypted), daemon=True).start()
            _pump(encrypted, behind)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    signed_by: tuple[str, ec.EllipticCurvePrivateKey],
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    issuer, issuer_key = signed_by
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
