import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from exporter.log_options import LogFormat, LogLevel
from exporter.logs import configure_logs
from exporter.secret import Redactor, Secret

TOKEN = "THAA|canary+/=token"
PAIR = re.compile(r'(?P<key>\w+)=(?P<value>"(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |$)')
ODD_VALUES = [
    "",
    " ",
    "two words",
    "a=b",
    'a "quoted" word',
    "back\\slash",
    "line\nend",
    "carriage\rreturn",
    "a\ttab",
    "\x1b[31mred",
    "\x00",
    "line\u2028separator",
    "\ud800",
    "emoji \N{ROCKET} and é",
    "null",
    b"bytes \xff",
    None,
    True,
    -7,
    2.5,
    float("nan"),
    float("inf"),
    ("a", 1),
    {"key": "value"},
    object,
]


@pytest.fixture(autouse=True)
def logs_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test change how others log."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configuration)
    for name in ("urllib3", "requests", "apscheduler"):
        logging.getLogger(name).setLevel(logging.NOTSET)


class Log:
    """What was logged, as lines and read back."""

    def __init__(self, log_format: LogFormat, level: LogLevel = LogLevel.DEBUG) -> None:
        self._format = log_format
        self._stream = io.StringIO()
        self.redactor = Redactor()
        self.redactor.add(Secret(TOKEN))
        self._lines = configure_logs(level, log_format, self.redactor, self._stream)

    @property
    def text(self) -> str:
        self._lines.flush()
        return self._stream.getvalue()

    @property
    def events(self) -> list[dict[str, object]]:
        read = read_json if self._format is LogFormat.JSON else read_logfmt
        return [read(line) for line in self.text.split("\n")[:-1]]

    @property
    def only(self) -> dict[str, object]:
        (event,) = self.events
        return event


def read_json(line: str) -> dict[str, object]:
    event: dict[str, object] = json.loads(line, parse_constant=no_json)
    return event


def no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def read_logfmt(line: str) -> dict[str, object]:
    pairs = list(PAIR.finditer(line))
    assert "".join(pair[0] for pair in pairs) == line
    return {pair["key"]: _read_value(pair["value"]) for pair in pairs}


def _read_value(text: str) -> object:
    return json.loads(text) if text.startswith('"') else text


@pytest.fixture(params=LogFormat)
def log(request: pytest.FixtureRequest) -> Log:
    return Log(request.param)


def test_a_logfmt_line_begins_with_time_level_and_message() -> None:
    log = Log(LogFormat.LOGFMT)

    structlog.get_logger().info("poll failed", account="acme", code=190, ok=True)

    time, level, rest = log.text.split(" ", 2)
    assert re.fullmatch(r"ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
    assert level == "level=info"
    assert rest == 'msg="poll failed" account=acme code=190 ok=true\n'


def test_a_json_line_begins_with_time_level_and_message_and_keeps_types() -> None:
    log = Log(LogFormat.JSON)

    structlog.get_logger().info("poll failed", account="acme", code=190, ok=True)

    assert list(log.only) == ["ts", "level", "msg", "account", "code", "ok"]
    assert list(log.only.values())[1:] == ["info", "poll failed", "acme", 190, True]


@pytest.mark.parametrize("value", ODD_VALUES, ids=ascii)
def test_a_line_holds_any_value(log: Log, value: object) -> None:
    structlog.get_logger().info("odd", value=value, after="it")

    assert list(log.only) == ["ts", "level", "msg", "value", "after"]
    assert log.text.removesuffix("\n").isprintable()
    assert log.only["after"] == "it"


@pytest.mark.parametrize("value", [value for value in ODD_VALUES if isinstance(value, str)])
def test_a_text_is_read_back_as_it_was(log: Log, value: str) -> None:
    structlog.get_logger().info("odd", value=value)

    assert log.only["value"] == value


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (LogLevel.DEBUG, ["debug", "info", "warn", "error"]),
        (LogLevel.INFO, ["info", "warn", "error"]),
        (LogLevel.WARN, ["warn", "error"]),
        (LogLevel.ERROR, ["error"]),
    ],
)
def test_less_severe_events_are_left_out(level: LogLevel, shown: list[str]) -> None:
    log = Log(LogFormat.LOGFMT, level)

    for logger in (structlog.get_logger("ours"), logging.getLogger("library")):
        logger.debug("x")
        logger.info("x")
        logger.warning("x")
        logger.error("x")

    assert [event["level"] for event in log.events] == 2 * shown


def test_the_logs_of_libraries_go_the_same_way(log: Log) -> None:
    logging.getLogger("library").warning("%d of %s", 3, "them")

    assert (log.only["level"], log.only["msg"]) == ("warn", "3 of them")


@pytest.mark.parametrize("name", ["urllib3.util.retry", "requests.sessions", "apscheduler"])
def test_libraries_that_log_each_call_only_warn(log: Log, name: str) -> None:
    logging.getLogger(name).info("GET /me?access_token=…")
    logging.getLogger(name).warning("odd")

    assert log.only["msg"] == "odd"


@pytest.mark.parametrize("shown", [TOKEN, quote(TOKEN, safe="")])
def test_a_secret_is_held_back_in_messages_and_values(log: Log, shown: str) -> None:
    structlog.get_logger().info(f"asked with {shown}", url=f"http://meta/me?x={shown}&y=1")
    logging.getLogger("library").error("asked %s", {"token": shown})

    first, second = log.events
    assert "canary" not in log.text
    assert (first["msg"], first["url"]) == ("asked with <secret>", "http://meta/me?x=<secret>&y=1")
    assert second["msg"] == "asked {'token': '<secret>'}"


def test_a_secret_that_nobody_told_of_is_held_back_by_its_name(log: Log) -> None:
    structlog.get_logger().info("Authorization: Bearer other", url="/me?access_token=other&y=1")

    assert log.only["msg"] == "Authorization: Bearer <secret>"
    assert log.only["url"] == "/me?access_token=<secret>&y=1"


def fail(message: str) -> None:
    raise RuntimeError(message)


def test_a_traceback_is_one_value_without_the_secret(log: Log) -> None:
    try:
        fail(f"no answer to {TOKEN}")
    except RuntimeError:
        structlog.get_logger().exception("poll crashed")
        logging.getLogger("library").exception("crashed")

    for event in log.events:
        lines = str(event["exception"]).split("\n")
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[-1] == "RuntimeError: no answer to <secret>"
    assert "canary" not in log.text


def test_a_dead_thread_is_logged_without_the_secret(log: Log) -> None:
    thread = threading.Thread(target=fail, args=(TOKEN,), name="poll_7")
    thread.start()
    thread.join()

    assert (log.only["level"], log.only["msg"]) == ("critical", "thread died")
    assert log.only["thread"] == "poll_7"
    assert str(log.only["exception"]).endswith("RuntimeError: <secret>")


@pytest.mark.parametrize("log_format", LogFormat)
def test_what_ends_the_process_is_logged_without_the_secret(log_format: LogFormat) -> None:
    script = (
        "from exporter.log_options import LogFormat, LogLevel\n"
        "from exporter.logs import configure_logs\n"
        "from exporter.secret import Redactor, Secret\n"
        "redactor = Redactor()\n"
        f"redactor.add(Secret({TOKEN!r}))\n"
        f"configure_logs(LogLevel.INFO, LogFormat({log_format.value!r}), redactor)\n"
        f"raise RuntimeError('died of ' + {TOKEN!r})\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    read = json.loads if log_format is LogFormat.JSON else read_logfmt
    event = read(ended.stderr.rstrip("\n"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (event["level"], event["msg"]) == ("critical", "uncaught exception")
    assert str(event["exception"]).endswith("RuntimeError: died of <secret>")
    assert "canary" not in ended.stderr
