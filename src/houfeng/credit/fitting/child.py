"""Start the fitting process and speak to it: a request as JSON, rows as Arrow; an answer as JSON, scores as Arrow.

Whatever the process writes to its standard output and error is kept in the log, and shown where it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.errors import EnvironmentFault, InputError, Problem, Text

SHOWN = 12
"""Lines of the log shown with a failure."""


@dataclass(frozen=True)
class Answer:
    """What came back: the answer, the scores of every row, the files it made by name, and the log."""

    found: Mapping[str, Any]
    scores: pa.Table | None
    files: Mapping[str, str]
    log: str


def ask(request: Mapping[str, Any], rows: pa.Table, *, timeout: float = 1800) -> Answer:
    """What the fitting process makes of `request` and `rows`.

    Raises:
        InputError: the rows or settings cannot be fitted; the process tells why.
        EnvironmentFault: the process failed, was killed or took too long; the end of its log is shown.
    """
    with tempfile.TemporaryDirectory(prefix="houfeng-credit-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(request, ensure_ascii=False), "utf-8")
        with pa.OSFile(str(folder / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        code, log = _run(folder, timeout)
        return _answer(folder, code, log)


def _run(folder: Path, timeout: float) -> tuple[int, str]:
    command = [sys.executable, "-m", "houfeng.credit.fitting", str(folder)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**threads, **os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONWARNINGS", None)  # what its libraries warn of goes to the log, it stops nothing
    with (folder / "log.txt").open("wb") as log:
        try:
            done = subprocess.run(  # noqa: S603
                command, stdout=log, stderr=subprocess.STDOUT, env=environment, timeout=timeout, check=False
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = -1
    return code, (folder / "log.txt").read_text("utf-8", errors="replace")


def _answer(folder: Path, code: int, log: str) -> Answer:
    path = folder / "answer.json"
    if not path.is_file():
        end = "\n".join(log.splitlines()[-SHOWN:])
        raise EnvironmentFault(
            Text(
                f"拟合进程失败（退出码 {code}）；其日志末尾：\n{end}",
                f"fitting failed (exit code {code}); its log ends:\n{end}",
            )
        )
    found = json.loads(path.read_text("utf-8"))
    if found.get("problems"):
        problems = [Problem(p["code"], Text(*p["message"]), value=p.get("value", "")) for p in found["problems"]]
        raise InputError(Text("不能拟合", "this cannot be fitted"), problems)
    scores = folder / "scores.arrow"
    table = None
    if scores.is_file():
        with pa.OSFile(str(scores), "rb") as source:
            table = pa.ipc.open_file(source).read_all()
    files = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.txt")) if path.name != "log.txt"}
    return Answer(found, table, files, log)
