"""A state is saved by a copy of the process: what goes wrong there harms nobody, nothing of the watch stays in it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from houfeng.errors import EnvironmentFault, Text
from houfeng.watch.service.core import Core
from houfeng.watch.service.saving import Saver
from watch.histories import FIRST, history, sample
from watch.replay_samples import instant
from watch.service.arrivals import World

DAY = 86_400


def test_the_copy_has_what_stood_at_the_cut(tmp_path: Path) -> None:
    saver, values, done = Saver(), [1, 2], list[str]()
    saver.begin(lambda: time.sleep(0.2) or _write(tmp_path / "told", str(values)), lambda: done.append("settled"))
    values.append(3)
    assert saver.busy
    saver.wait()
    assert (tmp_path / "told").read_text() == "[1, 2]"
    assert (done, saver.failed, saver.busy) == (["settled"], False, False)


def test_the_copy_keeps_no_handle_of_the_watch(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    saver = Saver()
    saver.begin(lambda: time.sleep(30), lambda: None)
    os.close(writer)
    assert os.read(reader, 1) == b""  # else it would wait for the copy
    os.close(reader)
    saver.stop()
    assert (saver.busy, saver.failed) == (False, False)


def test_what_fails_in_the_copy_or_after_it_is_told(tmp_path: Path) -> None:
    def refused() -> None:
        raise EnvironmentFault(Text("满", "full"))

    saver, done = Saver(), list[str]()
    saver.begin(refused, lambda: done.append("settled"))
    saver.wait()
    assert (saver.failed, done) == (True, [])
    saver.begin(lambda: None, refused)
    saver.wait()
    assert saver.failed
    saver.begin(lambda: None, lambda: done.append("settled"))
    saver.wait()
    assert (saver.failed, done) == (False, ["settled"])


def test_keys_sleep_on_after_a_restart_unless_the_book_has_news_of_them(tmp_path: Path) -> None:
    world = World(tmp_path, sample(), FIRST, 0)
    sent = history([], [], [], [], "CS03")
    for one in sent:
        world.submit(one)
    core = world.start()
    core.advance(instant(FIRST) + 2 * DAY)
    core.save()
    before, today = wakes(core), instant(FIRST) + 3 * DAY - 1
    assert (before > today).any()
    world.kill()
    assert wakes(world.start()).tolist() == before.tolist()
    world.kill()
    world.clock.now += timedelta(days=1)
    world.submit(replace(sent[0], received=world.clock.now, rows=sent[0].rows[:1]))
    assert (wakes(world.start()) <= today).sum() > (before <= today).sum()


def wakes(core: Core) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The day's end at which each key of each kind is looked at next."""
    return np.concatenate([watch.kernel.wakes[: watch.keys.count] for watch in core.engine.keywatches])


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
