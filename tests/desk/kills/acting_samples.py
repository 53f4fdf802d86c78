"""People who act on a desk that keeps dying: each act says what it was told, and is tried again where nothing came."""

from __future__ import annotations

import http.client
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from desk.desk_samples import BANK, PASSWORD
from houfeng.clock import wall_clock
from houfeng.office.database import Office
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller, open_session
from houfeng_desk.security.forgery import _mark

HOST = "127.0.0.1"


@dataclass
class Told:
    """What the desk said was done."""

    sign_ins: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    submitted: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def count(self) -> int:
        """How many signs were given."""
        parts = (self.sign_ins, self.acknowledged, self.moves, self.decided, self.submitted)
        return sum(len(part) for part in parts)


class Person:
    """Somebody with a session and its form token."""

    def __init__(self, office: Office, login: str, port: int) -> None:
        with office.begin() as session:
            self.secret = open_session(session, find(session, login), "password", Caller("test", "kills")).token
        self.port = port

    def get(self, path: str) -> tuple[int, str]:
        """A page: status and text."""
        status, _, body = self._ask("GET", path, b"", {})
        return status, body

    def post(self, path: str, data: dict[str, str]) -> tuple[int, str]:
        """Send a form: status and where it leads."""
        body = urlencode({**data, "csrf": _mark(self.secret)}).encode()
        status, location, _ = self._ask("POST", path, body, {"content-type": "application/x-www-form-urlencoded"})
        return status, location

    def upload(self, name: str, data: bytes, fields: dict[str, str]) -> tuple[int, str]:
        """Send a file."""
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\ncontent-disposition: form-data; name="{one}"\r\n\r\n{value}\r\n'.encode()
            for one, value in {**fields, "csrf": _mark(self.secret)}.items()
        ]
        head = f'--{mark}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = b"".join(parts) + head + data + f"\r\n--{mark}--\r\n".encode()
        headers = {"content-type": f"multipart/form-data; boundary={mark}"}
        status, location, _ = self._ask("POST", "/data/upload", body, headers)
        return status, location

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request(method, path, body, {"cookie": f"houfeng={self.secret}", **headers})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, answer.headers.get("location", ""), text
        finally:
            connection.close()


GONE = (OSError, http.client.HTTPException)


def sign_in(told: Told, person: Person, number: int) -> None:
    """A new session by the form; the agent's name makes it known again."""
    agent = f"kill-{uuid.uuid4().hex}"
    connection = http.client.HTTPConnection(HOST, person.port, timeout=30)
    secret = "x" * 32
    body = urlencode({"login": "viewer", "password": PASSWORD, "csrf": _mark(secret)})
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"houfeng-form={secret}",
        "user-agent": agent,
    }
    connection.request("POST", "/sign-in", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status == 303 and "houfeng=" in (answer.headers.get("set-cookie") or ""):
        told.sign_ins.add(agent)
    else:
        told.faults.append(f"sign-in: {answer.status}")


def acknowledge(told: Told, person: Person, number: int) -> None:
    """One alert, seen once."""
    alert, comment = f"{number:016x}", f"看过 {uuid.uuid4().hex}"
    time.sleep(0.05)  # so that there are alerts left at the last kill
    status, _ = person.post(f"/alerts/{alert}/acknowledge", {"comment": comment})
    if status == 303:
        told.acknowledged[alert] = comment
    else:
        told.faults.append(f"acknowledge {alert}: {status}")


def cases_of(firms: list[str], owner: int) -> Callable[[Told, Person, int], None]:
    """A case begun and moved one step, firm after firm."""

    def move(told: Told, person: Person, number: int) -> None:
        firm = firms[number % len(firms)]
        data = {"enterprise": firm, "type": "credit_risk", "title": f"案 {number}", "clue": "欠息", "why": "w"}
        status, location = person.post("/cases", data)
        if status == 409:
            return  # begun by a request whose answer was lost
        if status != 303:
            told.faults.append(f"begin: {status}")
            return
        told.moves[location] = "clue"
        status, _ = person.post(f"{location}/finding", {"version": "1", "finding": "属实"})
        status, _ = person.post(f"{location}/assign", {"version": "2", "owner": str(owner), "why": "认领"})
        status, _ = person.post(f"{location}/move", {"version": "3", "move": "verify", "why": "核实"})
        if status == 303:
            told.moves[location] = "verify"

    return move


def decide(told: Told, person: Person, number: int) -> None:
    """Approve what waits: the proposals stand from the beginning, one for each number."""
    time.sleep(0.1)  # they are a thousand
    status, _ = person.post(f"/approvals/{number + 1}/decide", {"answer": "approve", "why": f"同意 {number}"})
    if status == 303:
        told.decided.add(str(number + 1))
    elif status not in (404, 409):
        told.faults.append(f"decide {number}: {status}")


def submit(told: Told, person: Person, number: int) -> None:
    """A small file that the server takes, or one that a worker takes."""
    rows = 300 if number % 3 == 0 else 3
    mark = uuid.uuid4().hex[:8]
    lines = [f"{BANK},HT{mark}{n},JJ{mark}{n},2026-01-31,{1000 + n}" for n in range(rows)]
    data = "\n".join(["金融机构代码,贷款合同编码,贷款借据编码,数据日期,贷款余额", *lines]).encode()
    name = f"{mark}.csv"
    status, place = person.upload(name, data, {"kind": "loan_balance", "period": "2026-01"})
    if status != 303:
        told.faults.append(f"upload: {status}")
        return
    until = time.monotonic() + 60
    while time.monotonic() < until:
        status, _ = person.post(f"{place}/submit", {"confirm": "1"})
        if status == 303:
            break
        time.sleep(0.3)  # a worker checks it still
    while time.monotonic() < until:
        _, text = person.get(place)
        if "回执" in text:
            told.submitted.add(name)
            return
        time.sleep(0.3)


class Load:
    """Acts on and on in threads, one for each kind of act, until told to stop."""

    def __init__(self, people: Iterator[tuple[Callable[[Told, Person, int], None], Person]]) -> None:
        self.told = Told()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=pair, daemon=True) for pair in people]
        for thread in self._threads:
            thread.start()

    def _run(self, act: Callable[[Told, Person, int], None], person: Person) -> None:
        number = 0
        while not self._over.is_set():
            try:
                act(self.told, person, number)
            except GONE:
                time.sleep(0.05)  # the server was killed: what was asked may stand or not, nobody was told
            number += 1

    def stop(self) -> Told:
        """End, and say what was told."""
        self._over.set()
        for thread in self._threads:
            thread.join(90)
        return self.told


__all__ = ["Load", "Person", "Told", "acknowledge", "cases_of", "decide", "sign_in", "submit", "wall_clock"]
