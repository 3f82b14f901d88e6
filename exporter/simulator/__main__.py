"""The simulator alone: `python -m exporter.simulator --port 8099 --speed 10`."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from exporter.clock import SystemClock
from exporter.simulator.cast import build_demo_world
from exporter.simulator.demo import CONTAINER_DIRECTORY, write_demo_configuration
from exporter.simulator.plain import add_plain_users, write_account_files
from exporter.simulator.publisher import Publisher
from exporter.simulator.server import Simulator
from exporter.simulator.world import World


@dataclass(frozen=True, slots=True)
class Options:
    host: str
    port: int
    speed: float
    accounts: int
    directory: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m exporter.simulator", description="A simulated Threads API."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8099, help="0 takes a free one")
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="how many seconds of a container's life or a quota's window pass in one",
    )
    parser.add_argument(
        "--accounts",
        type=int,
        default=0,
        help="this many plain users, with tokens sim-token-000000 and on, and not the demo's cast",
    )
    parser.add_argument(
        "--directory", type=Path, help="where to write configuration files for the exporter"
    )
    return Options(**vars(parser.parse_args(arguments)))


@contextmanager
def serving(options: Options) -> Iterator[Simulator]:
    """Run the simulator that the options ask for."""
    with ExitStack() as stack:
        yield (_plain if options.accounts else _demo)(options, stack)


def _plain(options: Options, stack: ExitStack) -> Simulator:
    world = World(speed=options.speed)
    add_plain_users(world, options.accounts)
    if options.directory is not None:
        write_account_files(options.directory, options.accounts)
    return stack.enter_context(Simulator(world, host=options.host, port=options.port))


def _demo(options: Options, stack: ExitStack) -> Simulator:
    demo = build_demo_world(SystemClock(), options.speed)
    simulator = stack.enter_context(Simulator(demo.world, host=options.host, port=options.port))
    directory = options.directory or Path(stack.enter_context(TemporaryDirectory()))
    write_demo_configuration(demo, simulator.base_url, directory)
    stack.enter_context(Publisher(demo, directory / CONTAINER_DIRECTORY))
    return simulator


def main(arguments: Sequence[str] | None = None) -> None:
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(parse(arguments)) as simulator:
        sys.stdout.write(f"simulated Threads API: {simulator.base_url}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
