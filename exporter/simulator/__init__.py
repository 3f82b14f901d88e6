"""A simulated Threads API: the engine of the demo, and the tests' stand-in for Meta."""

from exporter.simulator.server import Simulator
from exporter.simulator.users import MissingPermission, User
from exporter.simulator.world import Inspectors, World

__all__ = ["Inspectors", "MissingPermission", "Simulator", "User", "World"]
