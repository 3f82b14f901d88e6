"""nginx on this machine: answering as Meta's API does, or serving a file."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trustme import CA

from benchmarks.answers import ANSWERS, CONTAINER
from benchmarks.bench import Bench, tool
from benchmarks.client import Address
from benchmarks.processes import Process, running
from benchmarks.waiting import wait_until

_CONFIGURATION = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 1h; sendfile on; tcp_nopush on;
  open_file_cache max=16; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
    ssl_certificate {authority}/cert.pem; ssl_certificate_key {authority}/key.pem;
    root {folder}/files;
    location ~ /threads_publishing_limit$ {{ try_files /threads_publishing_limit =404; }}
    location ~ /debug_token$ {{ try_files /debug_token =404; }}
    location = /requests {{ stub_status; }}
    location /file/ {{ alias {folder}/files/; }}
    location / {{ try_files /container =404; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    process: Process
    plain: Address
    tls_port: int
    files: Path

    @property
    def base_url(self) -> str:
        """Where it stands in for Meta's API."""
        return f"https://127.0.0.1:{self.tls_port}/v1.0"

    @property
    def requests(self) -> int:
        """Return how many requests it has got, this one among them."""
        status = self.plain.get("/requests")[1].decode("ascii")
        return int(status.splitlines()[2].split()[2])


def authority(bench: Bench) -> Path:
    """Return the folder of the run's certificates: `ca.pem`, `cert.pem` and `key.pem`."""
    folder = bench.subfolder("authority")
    if not (folder / "ca.pem").exists():
        issuer = CA()
        certificate = issuer.issue_cert("127.0.0.1", "localhost")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        issuer.cert_pem.write_to_path(folder / "ca.pem")
    return folder


@contextmanager
def nginx(bench: Bench) -> Iterator[Nginx]:
    """Run nginx as Meta's API; raises MissingToolError."""
    program = tool("nginx", "nginx-light")
    folder = bench.subfolder("nginx")
    files = bench.subfolder("nginx/files")
    for name, answer in {**ANSWERS, "container": CONTAINER}.items():
        (files / name).write_text(json.dumps(answer), "ascii")
    plain, tls = _free_port(), _free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, authority=authority(bench), plain=plain, tls=tls)
    )
    with running(program, "-c", configuration, "-p", folder, errors=folder / "stderr") as process:
        wait_until(lambda: _listens(plain), f"nginx listens; see {folder}/stderr", within=10)
        yield Nginx(process, Address(plain), tls, files)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
