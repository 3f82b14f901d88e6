import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.eventually import eventually


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def server_process(command: Sequence[str], log_file: Path, ready_url: str) -> Iterator[None]:
    """Run a server until the end of the block, which begins when it says that it is ready."""
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        with process:
            try:
                eventually(lambda: _is_ready(process, ready_url, log_file))
                yield
            finally:
                process.terminate()


def _is_ready(process: subprocess.Popen[bytes], url: str, log_file: Path) -> bool:
    assert process.poll() is None, log_file.read_text("utf-8")
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
