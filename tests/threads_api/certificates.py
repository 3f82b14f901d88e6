"""Certificates for the tests, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """
[req]
distinguished_name = subject
x509_extensions = authority
[subject]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[ca]
default_ca = tests
[tests]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any_name
x509_extensions = server
copy_extensions = copy
[any_name]
commonName = supplied
[server]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_LOCAL = "IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """An authority, and server certificates by it: a good one, and one for each defect."""

    authority: Path
    local: Certificate
    other_host: Certificate
    expired: Certificate

    @classmethod
    def make(cls, directory: Path) -> "Certificates":
        (directory / "openssl.cnf").write_text(_CONFIGURATION)
        (directory / "index.txt").touch()
        authority = ("-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
        _openssl(directory, "req", *authority, "-subj", "/CN=tests", *_KEY)
        return cls(
            authority=directory / "ca.pem",
            local=_sign(directory, "local", _LOCAL, "20990101000000Z"),
            other_host=_sign(directory, "other", "DNS:graph.threads.net", "20990101000000Z"),
            expired=_sign(directory, "expired", _LOCAL, "20200201000000Z"),
        )


def _sign(directory: Path, name: str, hosts: str, end: str) -> Certificate:
    request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    _openssl(directory, "req", *request, "-addext", f"subjectAltName={hosts}", *_KEY)
    signing = ("-batch", "-notext", "-cert", "ca.pem", "-keyfile", "ca.key")
    times = ("-startdate", "20200101000000Z", "-enddate", end)
    _openssl(directory, "ca", *signing, *times, "-in", f"{name}.csr", "-out", f"{name}.pem")
    return Certificate(directory / f"{name}.pem", directory / f"{name}.key")


def _openssl(directory: Path, command: str, *options: str) -> None:
    subprocess.run(
        ["openssl", command, "-config", "openssl.cnf", *options],
        cwd=directory,
        check=True,
        capture_output=True,
    )
