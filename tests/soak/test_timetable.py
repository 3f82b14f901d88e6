from collections import Counter
from itertools import pairwise

import pytest

from soak.scale import Scale
from soak.timetable import OF_META, Trouble, first_round_ends, timetable

SCALES = [Scale(300, 40.0), Scale(10_000, 600.0), Scale(10_000, 86_400.0, seed=3)]


@pytest.mark.parametrize("scale", SCALES)
def test_each_trouble_comes_and_goes_before_the_next(scale: Scale) -> None:
    episodes = timetable(scale)
    trouble = Counter(episode.trouble for episode in episodes)

    assert trouble == {**dict.fromkeys(Trouble, scale.rounds), Trouble.KILLED: 2}
    assert episodes[0].begins >= scale.warm_up
    assert all(one.begins < one.ends <= other.begins for one, other in pairwise(episodes))
    assert episodes[-1].ends <= scale.seconds - scale.settling


@pytest.mark.parametrize("scale", SCALES)
def test_memory_can_be_watched_after_the_last_kill(scale: Scale) -> None:
    last = [one for one in timetable(scale) if one.trouble is Trouble.KILLED][-1]

    assert last.begins < scale.seconds / 2
    assert first_round_ends(scale) < scale.seconds * 0.6


def test_a_short_run_has_one_round_and_a_long_one_many() -> None:
    assert [scale.rounds for scale in SCALES] == [1, 2, 288]
    assert first_round_ends(SCALES[0]) == 0


def test_the_seed_decides() -> None:
    assert timetable(Scale(300, 40.0, 1)) == timetable(Scale(300, 40.0, 1))
    assert timetable(Scale(300, 40.0, 1)) != timetable(Scale(300, 40.0, 2))


def test_most_troubles_of_meta_leave_some_apps_in_peace() -> None:
    apps = {one.trouble: len(one.apps) for one in timetable(Scale(300, 40.0))}

    assert apps[Trouble.RESET] == 10
    assert all(0 < apps[trouble] <= 3 for trouble in OF_META if trouble is not Trouble.RESET)
    assert apps[Trouble.KILLED] == 0
