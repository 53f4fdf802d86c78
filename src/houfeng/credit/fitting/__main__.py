"""The fitting process: reads request and rows from its folder, writes the answer there. Its prints are its log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa


def run(folder: Path) -> int:
    """Answer the request in `folder`."""
    from houfeng.credit.fitting.task import TASKS, CannotFitError

    request = json.loads((folder / "request.json").read_text("utf-8"))
    with pa.OSFile(str(folder / "rows.arrow"), "rb") as source:
        rows = pa.ipc.open_file(source).read_all()
    try:
        answer, scores, files = TASKS[request["task"]](request, rows)
    except CannotFitError as error:
        (folder / "answer.json").write_text(json.dumps({"problems": [error.problem]}, ensure_ascii=False), "utf-8")
        return 3
    if scores is not None:
        with pa.OSFile(str(folder / "scores.arrow"), "wb") as sink, pa.ipc.new_file(sink, scores.schema) as writer:
            writer.write_table(scores)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    whole = folder / "answer.part"  # takes its name when it is complete: a killed process leaves no answer
    whole.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")
    whole.rename(folder / "answer.json")
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
