"""How many rows of two tagged files differ: each note of the one is looked up in the other, all columns compared."""

from __future__ import annotations

import json
import sys

from houfeng.book.connection import connect


def differing(one: str, other: str) -> int:
    """Notes that are in one file only, or whose rows are not the same in every column."""
    connection = connect(memory="4GB")
    same = [name for (name, *_) in connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{one}')").fetchall()]
    key = "institution_id, contract_no, note_no"
    row = ", ".join(f'"{name}"' for name in same)
    sides = [
        f"SELECT {key}, md5(CAST(row({row}) AS VARCHAR)) AS content FROM read_parquet('{x}')" for x in (one, other)
    ]
    both = f"({sides[0]}) a FULL JOIN ({sides[1]}) b USING ({key})"
    sql = f"SELECT count(*) FROM {both} WHERE a.content IS DISTINCT FROM b.content"
    ((count,),) = connection.execute(sql).fetchall()
    return int(count)


if __name__ == "__main__":
    print(json.dumps({"differing": differing(*sys.argv[1:3])}))
