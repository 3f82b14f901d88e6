"""Certificates for the tests of a server on this machine."""

from pathlib import Path

from trustme import CA

LOCAL = ("127.0.0.1", "localhost")


def certificate_by_own_authority(folder: Path) -> Path:
    """Make a certificate that only who is given its file trusts; `key.pem` is beside it."""
    authority = CA()
    server = authority.issue_cert(*LOCAL)
    server.private_key_pem.write_to_path(folder / "key.pem")
    certificate = folder / "cert.pem"
    server.cert_chain_pems[0].write_to_path(certificate)
    # Before Python 3.13, a server's certificate is not trusted without its authority's.
    authority.cert_pem.write_to_path(certificate, append=True)
    return certificate
