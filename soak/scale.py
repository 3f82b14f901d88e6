"""How large a run is, and how its time is divided."""

from dataclasses import dataclass

APPS = 10
_POLLS_PER_SECOND = 200.0
_SHORTEST_INTERVAL = 4.0
_SECONDS_OF_A_ROUND = 300.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Times are in seconds; an interval stands for the minute between an account's polls."""

    accounts: int
    seconds: float
    seed: int = 1

    @property
    def interval(self) -> float:
        return max(self.accounts / _POLLS_PER_SECOND, _SHORTEST_INTERVAL)

    @property
    def token_interval(self) -> float:
        return 5 * self.interval

    @property
    def container_interval(self) -> float:
        return max(self.interval / 6, 1.0)

    @property
    def max_in_flight(self) -> int:
        return max(32, self.accounts // 150)

    @property
    def fresh_within(self) -> float:
        """Return how old a reading may be, and how long an account may take to recover."""
        return 2 * self.interval + max(2.0, self.interval / 6)

    @property
    def warm_up(self) -> float:
        """Return how long a new process is given until its memory is looked at."""
        return 2 * self.interval

    @property
    def settling(self) -> float:
        """Return how long nothing goes wrong at the end."""
        return self.fresh_within + self.interval / 2

    @property
    def troubled(self) -> float:
        """Return the time between the two, in which something goes wrong every other moment."""
        return self.seconds - self.warm_up - self.settling

    @property
    def rounds(self) -> int:
        """Return how often each trouble comes."""
        return max(1, round(self.seconds / _SECONDS_OF_A_ROUND))

    @property
    def containers_per_second(self) -> float:
        return max(2.0, self.accounts / 1_000)

    @property
    def publishers(self) -> int:
        """Return how many of the accounts publish."""
        return max(10, self.accounts // 50)

    @property
    def rotating(self) -> int:
        """Return how many accounts have their token in a file of its own, which gets replaced."""
        return max(5, self.accounts // 200)

    @property
    def guests(self) -> int:
        """Return how many accounts are taken from the configuration and put back."""
        return max(10, self.accounts // 50)

    @property
    def call_budget(self) -> int:
        """Return what an account may call in a day: not much more than it needs in the run."""
        polls = self.seconds / self.interval * 1.2
        containers = self.containers_per_second * self.seconds / self.publishers
        return round(100 + 2 * polls + 8 * containers)
