import random
import socket

# Linux gives ports from 32768 on to whoever connects, or asks for any; below, a port that is free
# stays so until its server is there, and while that is away.
_NOT_GIVEN = range(20_000, 32_768)


def free_port() -> int:
    """Return a port for a server that cannot choose one itself."""
    return next(port for port in iter(_any_port, None) if _is_free(port))


def _any_port() -> int:
    return random.SystemRandom().choice(_NOT_GIVEN)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
