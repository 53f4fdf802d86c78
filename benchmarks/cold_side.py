"""How long the command line takes to its first answer, each time in a fresh process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from loans import AS_OF, bank_code
from measure import median, watched

NOTE = (f"institution_id={bank_code(0)}", "contract_no=HT2026000000000000", "note_no=JJ00000000000000")
COMMANDS: dict[str, tuple[str, ...]] = {
    "houfeng --help": ("--help",),
    "houfeng pack check china-base": ("pack", "check", "china-base"),
    "houfeng pack check five-articles": ("pack", "check", "five-articles"),
    "houfeng book query (2,000 notes)": ("book", "query", "SELECT count(*) FROM loan", "--as-of", f"{AS_OF}"),
    "houfeng pack explain (2,000 notes)": (
        "pack", "explain", "five-articles", *NOTE, "--kind", "loan_balance", "--item", "five_articles",
        "--as-of", f"{AS_OF}",
    ),
}  # fmt: skip


def main(program: str, book: str, times: str) -> None:
    """Run each command `times` times after one to warm the disk's cache; print median and greatest seconds."""
    found = {}
    for label, command in COMMANDS.items():
        walls = []
        for _ in range(int(times) + 1):
            wall, _, _, code, out = watched([program, *command], {"HOUFENG_BOOK": book, "HOUFENG_LANG": "en"})
            if code or not out.strip():
                raise SystemExit(f"{label} ended with {code}")
            walls.append(wall)
        found[label] = {"median": median(walls[1:]), "most": max(walls[1:])}
    print(json.dumps(found))


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
