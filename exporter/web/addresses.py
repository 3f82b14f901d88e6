import errno
import re
import socket
from dataclasses import dataclass

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]\s]*)):(?P<port>[0-9]{1,5})")
_WILDCARDS = ("", "::")
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
BACKLOG = 2048

_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*)?")
_TAKEN_PATHS = ("/config", "/probe")
_TAKEN_FOLDERS = ("/-", "/api")

_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there or choose another --web.listen-address",
    errno.EADDRNOTAVAIL: "this host has no such address; choose one that it has",
    errno.EACCES: "choose a port from 1024 up, or grant CAP_NET_BIND_SERVICE",
}


class ListenError(Exception):
    """A listen address could not be had; the message names it, the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen; no host means every address of both families, port 0 a free port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_listen_address(text: str) -> ListenAddress:
    """Read `host:port`, `[ipv6]:port` or `:port`; raises ValueError saying what is wrong."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"listen address {text!r}: write host:port, [ipv6]:port or :port")
    port = int(match["port"])
    if port > 65535:
        raise ValueError(f"listen address {text!r}: the port goes from 0 to 65535")
    if match["v6"] is not None and not _is_ipv6(match["v6"]):
        raise ValueError(f"listen address {text!r}: [{match['v6']}] is no IPv6 address")
    return ListenAddress(match["v6"] or match["host"], port)


def _is_ipv6(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return False
    return True


def parse_telemetry_path(text: str) -> str:
    """Return the path the metrics are served under; raises ValueError saying what is wrong."""
    if not _PATH.fullmatch(text):
        raise ValueError(
            f"telemetry path {text!r}: write / and then letters, digits, dots, dashes, "
            "underscores or tildes, as in /metrics"
        )
    if text in _TAKEN_PATHS or f"/{text.split('/')[1]}" in _TAKEN_FOLDERS:
        raise ValueError(f"telemetry path {text!r}: the exporter serves something else there")
    return text


def bind(address: ListenAddress) -> socket.socket:
    """Return a listening socket; raises ListenError."""
    try:
        everywhere = address.host in _WILDCARDS
        listener = _bind_everywhere(address.port) if everywhere else _bind_one(address)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "choose another --web.listen-address")
        raise ListenError(f"cannot listen on {address}: {_cause(error)}; {remedy}") from error
    # Its connections inherit it: else an answer's body, sent after its head, is held back until
    # the client acknowledges the head, which it delays by 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _cause(error: OSError) -> str:
    """Name the cause without the address, which `socket` repeats in its own form."""
    text = error.strerror or str(error)
    return text.partition(" (while")[0].lower()


def _bind_everywhere(port: int) -> socket.socket:
    """Listen on both families with one socket, on IPv4 alone where the host has no IPv6."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
        except OSError as error:
            if error.errno not in _NO_IPV6:
                raise
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)


def _bind_one(address: ListenAddress) -> socket.socket:
    """Listen on one address of the host, an IPv4 one if it has any, as Go's servers do."""
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return socket.create_server((str(where[0]), address.port), family=family, backlog=BACKLOG)


def bound_address(listener: socket.socket) -> ListenAddress:
    """Return where a socket really listens."""
    host, port = listener.getsockname()[:2]
    return ListenAddress(host, port)


def url_of(address: ListenAddress, scheme: str = "http") -> str:
    """Return a URL under which this host reaches the address."""
    host = "127.0.0.1" if address.host in ("::", "0.0.0.0") else address.host
    return f"{scheme}://{ListenAddress(host, address.port)}"
