"""The workload's events: money in and out of enterprises' accounts, the same for everybody and the same every time.

Made in blocks, each from its own seed (`seed`, block number), so that the first n events are the same however many
are made. Times rise over `days`; which enterprise follows a power law of exponent 0.6, its first hundred ranks alike;
one event in seven goes to an enterprise seen within the last 400 events, so that short windows fill.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from houfeng.simulate.ground.identifiers import BANK, FIRM, credit_codes, numbered

KEYS, TOTAL, DAYS, SEED, BLOCK = 1_000_000, 5_000_000, 400, 7, 50_000
START = int((datetime(2025, 1, 1) - datetime(1970, 1, 1)).total_seconds())
LEVEL = 100  # so many of the first ranks are drawn alike: the cap on the most active (one event in 4,000)
SUFFIXES = ("parquet", "csv", "jsonl")
Ints = npt.NDArray[np.int64]


def blocks(count: int, *, keys: int = KEYS, total: int = TOTAL, days: int = DAYS) -> Iterator[pa.Table]:
    """The first `count` events, `BLOCK` at a time; `total` events fill `days`."""
    firms, banks = enterprises(keys), credit_codes(*_alike(20, 91), BANK, np.arange(20))
    span = days * 86_400 * BLOCK / total
    for block in range(-(-count // BLOCK)):
        size = min(BLOCK, count - block * BLOCK)
        yield _block(block, firms, banks, span).slice(0, size)


def enterprises(keys: int = KEYS) -> pa.Array:
    """The credit codes of all enterprises: their check digits hold."""
    return credit_codes(*_alike(keys, 91), FIRM, np.arange(keys))


def _alike(count: int, kind: int) -> tuple[Ints, Ints]:
    return np.full(count, kind), np.full(count, 410100)


def _block(block: int, firms: pa.Array, banks: pa.Array, span: float) -> pa.Table:
    random = np.random.default_rng((SEED, block))
    keys = len(firms)
    number = np.arange(BLOCK) + block * BLOCK
    rank = (keys * random.random(BLOCK) ** (1 / 0.4)).astype(np.int64)
    key = np.where(rank < LEVEL, random.integers(0, LEVEL, BLOCK), rank)
    back = np.arange(BLOCK) - random.integers(1, 400, BLOCK)
    again = (random.random(BLOCK) < 1 / 7) & (back >= 0)
    key = np.where(again, key[back], key)
    time = START + np.sort((block * span + random.random(BLOCK) * span).astype(np.int64))
    partner = (key * 8 + (8 * random.random(BLOCK) ** 2).astype(np.int64)) * 2_654_435_761 % keys
    nobody = random.random(BLOCK) < 0.03
    return pa.table(
        {
            "institution_id": banks.take(pa.array(key % 20)),
            "flow_no": numbered("F", number, 11),
            "enterprise_id": firms.take(pa.array(key)),
            "account_no": numbered("6222", key, 12),
            "occurred_at": pa.array(time * 1_000_000).cast(pa.timestamp("us")),
            "direction": pa.array(["out", "in"]).take(pa.array((random.random(BLOCK) < 0.45).astype(np.int64))),
            "amount": _money(np.exp(random.normal(np.log(800_000), 1.5, BLOCK))),
            "balance_after": _money(np.exp(random.normal(np.log(5_000_000), 2.0, BLOCK))),
            "counterparty_id": firms.take(pa.array(partner, mask=nobody)),
        }
    )


def _money(fen: npt.NDArray[np.float64]) -> pa.Array:
    whole = pa.array(np.maximum(1, fen.astype(np.int64))).cast(pa.decimal128(20, 0))
    return pc.multiply(whole, pa.scalar(Decimal("0.01"))).cast(pa.decimal128(20, 2))


def write(
    folder: Path, count: int, suffix: str, *, slice_: int = 100_000, parts: int = 1, keys: int = KEYS
) -> list[Path]:
    """Write files of `slice_` events in order of time; `parts` > 1 splits each by enterprise, as a topic would be."""
    folder.mkdir(parents=True, exist_ok=True)
    written, held = [], []
    for number, block in enumerate(blocks(count, keys=keys), 1):
        held.append(block)
        if number * BLOCK % slice_ == 0 or number * BLOCK >= count:
            table = pa.concat_tables(held)
            held = []
            for part, rows in enumerate(_split(table, parts)):
                path = folder / f"account_flow-{(number * BLOCK - 1) // slice_:05d}-{part}.{suffix}"
                _save(rows, path)
                written.append(path)
    return written


def _split(table: pa.Table, parts: int) -> list[pa.Table]:
    if parts == 1:
        return [table]
    number = pc.utf8_slice_codeunits(table["account_no"], 4).cast(pa.int64()).to_numpy()
    return [table.filter(pa.array(number % parts == part)) for part in range(parts)]


def _save(table: pa.Table, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="zstd")
        return
    text = table.set_column(4, "occurred_at", pc.strftime(table["occurred_at"].cast(pa.timestamp("s"))))
    text = text.set_column(4, "occurred_at", pc.replace_substring(text["occurred_at"], "T", " "))
    if path.suffix == ".csv":
        pacsv.write_csv(text, path, pacsv.WriteOptions(quoting_style="none"))
        return
    parts: list[pa.Array | str] = []
    for number, name in enumerate(text.column_names):
        value = pc.binary_join_element_wise('"', text[name].cast(pa.string()), '"', "")
        parts += [f'{"," if number else "{"}"{name}":', pc.coalesce(value, "null")]
    lines = pc.binary_join_element_wise(*parts, "}", "")
    path.write_text("\n".join(lines.to_pylist()) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=TOTAL)
    parser.add_argument("--format", choices=SUFFIXES, default="parquet")
    parser.add_argument("--slice", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=1)
    given = parser.parse_args()
    paths = write(given.folder, given.events, given.format, slice_=given.slice, parts=given.parts)
    print(f"{given.events} events in {len(paths)} files, {sum(p.stat().st_size for p in paths) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
