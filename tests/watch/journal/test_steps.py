"""The last steps of alerts, kept in a file of blocks, are those of a plain dictionary."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from houfeng.watch.journal import steps
from houfeng.watch.journal.steps import Steps


def names(chance: random.Random, number: int) -> list[str]:
    """Ids as alerts have them, and others; the least and the greatest number among them."""
    found = [f"{chance.getrandbits(64):016x}" for _ in range(number)]
    return [*found, "0" * 16, "f" * 16, "an id of another kind"]


@pytest.mark.parametrize(("block", "part"), [(1, 2), (3, 9), (341, 192 * 341)])
def test_what_is_kept_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, part: int) -> None:
    monkeypatch.setattr(steps, "BLOCK", block)
    monkeypatch.setattr(steps, "PART", part)
    chance = random.Random(block)
    some, held, plain = names(chance, 400), Steps(), dict[str, int]()
    for turn in range(8):
        for alert in chance.sample(some, 60):
            plain[alert] = plain.get(alert, -1) + 1
            held.put(alert, plain[alert])
        if turn % 3:
            held.save(tmp_path / f"known-{turn:06}.steps", turn)
            assert held.recent == 0
        assert [held.last(alert) for alert in some] == [plain.get(alert, -1) for alert in some]
    assert [path.name for path in tmp_path.iterdir()] == ["known-000007.steps"]
    found = Steps.load(tmp_path / "known-000007.steps")
    assert found is not None
    assert found[1] == 7
    assert [found[0].last(alert) for alert in some] == [plain.get(alert, -1) for alert in some]
    held.close()
    found[0].close()


def test_a_file_with_any_byte_wrong_is_not_believed(tmp_path: Path) -> None:
    held, path = Steps(), tmp_path / "known-000001.steps"
    for number in range(3):
        held.put(f"{number:016x}", number)
    held.save(path, 12)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        found = Steps.load(path)
        assert found is None or place < len("steps ") or whole[place : place + 1].isspace(), place
        if found is not None:
            found[0].close()
    for wrong in (whole[:-1], whole + b"x", whole[:30], b""):
        path.write_bytes(wrong)
        assert Steps.load(path) is None
    held.close()
