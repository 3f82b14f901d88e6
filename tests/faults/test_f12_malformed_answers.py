"""F12: an answer that is not as documented is rejected as a whole, whatever its size."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

from exporter.simulator import World, faults
from exporter.simulator.faults import Fault
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.readings import read
from tests.faults.sufferers import suffering
from tests.workspace import Workspace

MEGABYTE = 1 << 20
MOST_MEMORY = 150 * MEGABYTE
CONFIG = {"quota_total": 250, "quota_duration": 86_400}


def quotas(usage: object, config: object = CONFIG, **more: object) -> Fault:
    """Return an answer whose first quota is as given, and the next as documented."""
    first = {"quota_usage": usage, "config": config}
    second = {"reply_quota_usage": 1, "reply_config": {**CONFIG, "quota_total": 1000}}
    return faults.json_body({"data": [{**first, **second, **more}]})


def spelt(usage: str) -> Fault:
    """Return an answer with a usage that is written like this."""
    return faults.raw_body(f'{{"data": [{{"reply_quota_usage": 1, "quota_usage": {usage}}}]}}')


MALFORMED: Mapping[str, Fault] = {
    "half a document": faults.raw_body('{"data": [{"quota_usage": '),
    "two documents": faults.raw_body("{}{}"),
    "no UTF-8": faults.raw_body(b'{"data": "\xff\xfe"}'),
    "a list": faults.json_body([]),
    "null": faults.json_body(None),
    "no data": faults.json_body({}),
    "empty data": faults.json_body({"data": []}),
    "data of another type": faults.json_body({"data": "none"}),
    "null in data": faults.json_body({"data": [None]}),
    "data that tells nothing": faults.json_body({"data": [{}]}),
    "negative": quotas(-1),
    "text": quotas("12"),
    "boolean": quotas(usage=True),
    "fraction": quotas(12.5),
    "list": quotas([12]),
    "more than a float holds": quotas(1 << 53 | 1),
    "5 000 digits": spelt("9" * 5_000),
    "NaN": spelt("NaN"),
    "infinity": spelt("Infinity"),
    "1e400": spelt("1e400"),
    "lone surrogate": spelt(r'"\ud800"'),
    "limit of another type": quotas(12, {**CONFIG, "quota_total": "250"}),
    "negative limit": quotas(12, {**CONFIG, "quota_total": -1}),
    "limit that is no number": quotas(12, [250]),
    "later quota": quotas(12, reply_quota_usage="1"),
    "100 000 arrays": faults.raw_body("[" * 100_000 + "]" * 100_000),
    "100 000 objects": faults.raw_body('{"data":' * 100_000 + "1" + "}" * 100_000),
    "no gzip": faults.Canned(200, b"no gzip", headers=(("Content-Encoding", "gzip"),)),
    "no HTTP": faults.Garbage(),
}
TOO_LARGE: Mapping[str, Fault] = {
    "gzip bomb of 512 MB": faults.GzipBomb(512 * MEGABYTE),
    "gzip bomb with a length": faults.Canned(
        200,
        gzip.compress(json.dumps(["x" * 64 * MEGABYTE]).encode(), 1),
        headers=(("Content-Encoding", "gzip"),),
    ),
    "endless body": faults.OversizedBody(512 * MEGABYTE),
    "header of 10 MB": faults.ExtraHeaders((("X-Long", "x" * 10 * MEGABYTE),)),
    "10 000 headers": faults.ExtraHeaders(tuple((f"X-{n}", "x") for n in range(10_000))),
    "status line of 1 MB": faults.Garbage(b"HTTP/1.1 200 " + b"O" * MEGABYTE),
}


def most_memory(process: int) -> int:
    """Return how many bytes of memory a process ever had at once."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return next(
        int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )


def test_a_malformed_answer_is_rejected_whole_and_the_last_value_kept(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, MALFORMED) as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == dict.fromkeys(MALFORMED, "malformed")
    assert ordeal.healthy.failures == {}


def test_a_giant_answer_is_left_unread_and_takes_no_memory(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, TOO_LARGE) as sufferers:
        ordeal = sufferers.endure()
        memory = most_memory(sufferers.exporter.process.pid)

    assert ordeal.reasons == dict.fromkeys(TOO_LARGE, "too_large")
    assert memory < MOST_MEMORY
    assert ordeal.healthy.failures == {}


def test_a_usage_above_its_limit_is_shown_as_it_is(workspace: Workspace, live_world: World) -> None:
    acme = live_world.add_user("acme")
    live_world.inject(quotas(251))
    with serving(workspace.configure([workspace.account(acme)])) as exporter:
        shown = eventually(lambda: read(exporter.scrape(), "acme").usage)

    assert shown == 251
