"""How a child takes commands: a line of JSON each, answered by one, until its input ends."""

import json
import sys
from collections.abc import Callable, Mapping


def obey(commands: Mapping[str, Callable[..., object]]) -> None:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = commands[name](*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
