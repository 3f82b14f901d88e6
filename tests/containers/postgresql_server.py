"""A real PostgreSQL server of the tests' own, which they may stop, freeze and start again."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from tests.ports import free_port

_DEBIAN = Path("/usr/lib/postgresql")
USER = "exporter"
PASSWORD = "hunter2-canary"


def installed() -> Path | None:
    """Return the folder of the newest server there is: Debian has it in no PATH."""
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    elsewhere = shutil.which("initdb")
    folders = [path.parent for path in found] + ([Path(elsewhere).parent] if elsewhere else [])
    return folders[-1] if folders else None


class PostgresqlServer:
    def __init__(self, binaries: Path, max_connections: int = 12) -> None:
        self._binaries = binaries
        self.folder = Path(mkdtemp(prefix="postgresql-"))
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._run(
            *("initdb", "-D", self.data, "-U", USER, "--pwfile", password),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync"),
        )
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"unix_socket_directories = '{self.folder}'\nmax_connections = {max_connections}\n"
                "superuser_reserved_connections = 3\nfsync = on\n"
                "recovery_init_sync_method = syncfs\n"
            )

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str | Path) -> None:
        # Neither initdb nor the server runs as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, str(self._binaries / program), *map(str, arguments)]
        with (self.folder / "output").open("a") as output:
            subprocess.run(command, check=True, cwd="/", stdout=output, stderr=output)

    def start(self) -> None:
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = USER, password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def session(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """Give an administrator's connection, beside the store."""
        connection = psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )
        with closing(connection):
            yield connection

    def execute(
        self, statement: str, database: str = "postgres", parameters: tuple[str, ...] | None = None
    ) -> list[tuple[Any, ...]]:
        with self.session(database) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have all its processes alive, and none of them answer."""
        server = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(server, signal.SIGSTOP)
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        processes = [server, *map(int, children)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                # A session's process may be gone: its parent has not been told yet.
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
