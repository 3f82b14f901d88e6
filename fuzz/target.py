"""`python -m fuzz.target MODULE [libFuzzer's options]`: a target under atheris, until it fails."""

import sys
from importlib import import_module

import atheris

from fuzz.json_mutation import mutated

INSTRUMENTED = ["exporter", "email", "json"]


def _mutate(data: bytes, most: int, seed: int) -> bytes:
    """Change values where the input is JSON, else bytes."""
    return mutated(data, most, seed) or bytes(atheris.Mutate(data, most))


def main() -> None:
    _, module, *options = sys.argv
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = import_module(module)
    atheris.Setup([sys.argv[0], *options], target.fuzz, custom_mutator=_mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
