"""A version's way from a form to being in force, by two persons; and back."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from desk.desk_samples import ClientOf, DeskClient, Hands, make_app, viewer
from houfeng.office import journal
from houfeng.office.jobs import Worker
from houfeng.office.packs import life
from houfeng.office.packs.files import read_folder
from houfeng.office.packs.handing import place_of
from houfeng.office.packs.shelf import PackShelf
from houfeng.office.tables import Approval, JournalEntry
from houfeng.packs.loading.source import find_folder
from houfeng_desk.desk import Desk
from houfeng_desk.queries.packs import pack_in_force

NEW = {
    "value": "5,000,000",
    "start": "2027-01-01",
    "reference": "示例发〔2026〕1号",
    "why": "试算500万元口径",
    "act": "draft",
}


def work(desk: Desk, folder: Path) -> None:
    """Do all jobs that wait."""
    worker = Worker(desk.office, folder, book=desk.book.path)
    while worker.run_once():
        pass


def drafted(desk: Desk, client: ClientOf) -> str:
    """The address of a draft of five-articles with another cap, made by the analyst."""
    answer = client("analyst").submit("/packs/five-articles/parameter/inclusive_line_cap/change", NEW)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


class Simulated(NamedTuple):
    """An office with a draft that was tested and simulated."""

    office: Path
    address: str
    early: Any
    """What was answered to who would hand it in before it was tested,"""
    untried: Any
    """and before it was simulated."""


@pytest.fixture(scope="module")
def simulated(small_book: Path, peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Made once: all cases of a pack are run, and the book is judged twice."""
    folder = tmp_path_factory.mktemp("simulated")
    office = Path(shutil.copy(peopled, folder / "office.db"))
    app = make_app(small_book, office, Hands(), work_folder=folder / "work")
    desk: Desk = app.state.desk
    address = drafted(desk, lambda login: DeskClient(app).enter(login))
    analyst, hasty = DeskClient(app).enter("analyst"), {"from_day": "2026-02-10", "why": "急"}
    early = analyst.submit(f"{address}/submit", hasty)
    assert analyst.submit(f"{address}/test", {}).status_code == 303
    work(desk, folder / "jobs")
    untried = analyst.submit(f"{address}/submit", hasty)
    assert analyst.submit(f"{address}/simulate", {"in_force": "1"}).status_code == 303
    work(desk, folder / "jobs")
    desk.close()
    desk.office.close()
    return Simulated(office, address, early, untried)


@pytest.fixture
def ready(desk: Desk, tmp_path: Path, simulated: Simulated) -> str:
    """The address of that draft; this test's desk has a copy of its office."""
    desk.office.close()
    shutil.copy(simulated.office, tmp_path / "office.db")
    return simulated.address


def decide(desk: Desk, client: ClientOf, who: str, answer: str = "approve") -> int:
    with desk.office.read() as session:
        waiting = session.scalars(select(Approval).where(Approval.state == "waiting")).one()
    return client(who).submit(f"/approvals/{waiting.id}/decide", {"answer": answer, "why": "已核"}).status_code


def test_a_value_changes_the_figures_only_after_another_person_signed(
    desk: Desk, client: ClientOf, simulated: Simulated, ready: str
) -> None:
    assert simulated.early.status_code == 400
    assert "用例" in simulated.early.text
    assert simulated.untried.status_code == 400
    assert "模拟" in simulated.untried.text
    analyst = client("analyst")
    shown = analyst.get(ready).text
    assert "5000000" in shown
    assert "影响" in shown
    assert analyst.submit(f"{ready}/submit", {"from_day": "2026-02-10", "why": "按新口径"}).status_code == 303
    before = pack_in_force(desk, "five-articles")
    assert before.version == "1.0.0"
    assert decide(desk, client, "analyst") == 403  # no approver
    assert decide(desk, client, "second") == 303
    after = pack_in_force(desk, "five-articles")
    assert after.version == "1.0.1"
    now = after.parameters["inclusive_line_cap"].on(date(2027, 1, 1), date(2027, 1, 1))
    assert now is not None
    assert now.value == 5_000_000
    assert now.reference == "示例发〔2026〕1号"
    assert client("viewer").get("/themes").text.count("1.0.1") >= 1
    with desk.office.read() as session:
        acts = list(
            session.scalars(select(JournalEntry.act).where(JournalEntry.act.like("pack.%")).order_by(JournalEntry.seq))
        )
        assert journal.verify(session) == []
    assert acts == ["pack.enrol", "pack.draft", "pack.test", "pack.simulate", "pack.submit", "pack.approve"]


def test_cases_that_fail_must_be_looked_at(desk: Desk, client: ClientOf, tmp_path: Path) -> None:
    """A ceiling changed for a day the pack's cases are about makes some of them fail; who submits must say why."""
    analyst = client("analyst")
    answer = analyst.submit("/packs/five-articles/parameter/inclusive_line_cap/change", NEW | {"start": "2026-02-10"})
    address = str(answer.headers["location"])
    analyst.submit(f"{address}/test", {})
    analyst.submit(f"{address}/simulate", {})
    work(desk, tmp_path)
    assert "没有通过的用例" in analyst.get(address).text
    asked = {"from_day": "2026-02-10", "why": "按新口径"}
    assert "没有通过" in analyst.submit(f"{address}/submit", asked).text
    assert analyst.submit(f"{address}/submit", asked | {"checked": "1"}).status_code == 303
    assert "提出人称已逐条核对" in client("approver").get(address).text


def test_who_proposed_cannot_approve(desk: Desk, client: ClientOf, ready: str) -> None:
    second = client("second")
    assert second.submit(f"{ready}/submit", {"from_day": "2026-02-10", "why": "按新口径"}).status_code == 303
    assert decide(desk, client, "second") == 403
    assert pack_in_force(desk, "five-articles").version == "1.0.0"


def test_a_refused_version_stays_out_and_an_earlier_one_comes_back_by_two_signatures(
    desk: Desk, client: ClientOf, ready: str, hands: Any
) -> None:
    analyst = client("analyst")
    analyst.submit(f"{ready}/submit", {"from_day": "2026-03-01", "why": "按新口径"})
    assert decide(desk, client, "approver") == 303
    assert pack_in_force(desk, "five-articles").version == "1.0.0"  # not before its day
    hands.forward(days=20)
    assert pack_in_force(desk, "five-articles").version == "1.0.1"
    with desk.office.read() as session:
        shipped = next(one for one in life.versions(session, "five-articles") if one.origin == "shipped")
    back = client("analyst").submit(
        f"/packs/five-articles/versions/{shipped.id}/return", {"from_day": "2026-03-02", "why": "有误，恢复"}
    )
    assert back.status_code == 303
    assert decide(desk, client, "approver") == 303
    assert pack_in_force(desk, "five-articles").version == "1.0.0"
    page = client("viewer").get("/packs/five-articles/versions").text
    assert "恢复" in page
    assert "有误，恢复" in page
    with desk.office.read() as session:
        held = life.activations(session, "five-articles")
        assert [(one.version, one.back) for one in held] == [("1.0.1", False), ("1.0.0", True)]


def test_a_refusal(desk: Desk, client: ClientOf, ready: str) -> None:
    client("analyst").submit(f"{ready}/submit", {"from_day": "2026-02-10", "why": "按新口径"})
    assert decide(desk, client, "approver", "refuse") == 303
    assert "已否决" in client("analyst").get(ready).text
    assert pack_in_force(desk, "five-articles").version == "1.0.0"


def test_what_was_known_when(desk: Desk, client: ClientOf, ready: str, hands: Any) -> None:
    """A question as known at an earlier moment is answered by the version that was in force then."""
    before = hands.now
    client("analyst").submit(f"{ready}/submit", {"from_day": "2026-02-10", "why": "按新口径"})
    hands.forward(hours=1)
    decide(desk, client, "approver")
    hands.forward(hours=1)
    assert pack_in_force(desk, "five-articles").version == "1.0.1"
    assert pack_in_force(desk, "five-articles", before).version == "1.0.0"


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def own_files() -> dict[str, str]:
    files = read_folder(find_folder("china-base"))
    return files | {"china-base/pack.yaml": files["china-base/pack.yaml"].replace("version: 1.0.0", "version: 1.1.0")}


def upload(client: ClientOf, name: str, data: bytes) -> Any:
    return client("analyst").submit("/packs/upload", {"why": "新版"}, files=[("files", (name, data))])


def test_an_upload_becomes_a_draft_and_comes_back_byte_for_byte(desk: Desk, client: ClientOf) -> None:
    files = own_files()
    answer = upload(client, "china-base.zip", zipped({f"some folder/{k}": t for k, t in files.items()}))
    assert answer.status_code == 303, answer.text
    number = int(answer.headers["location"].rpartition("/")[2])
    given = client("viewer").get(f"/packs/china-base/download?v={number}").content
    with zipfile.ZipFile(io.BytesIO(given)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == files
    with desk.office.read() as session:
        version = life.find(session, number)
        pack = PackShelf(place_of(desk.book.path)).of_version(version)
        assert (version.state, pack.version, pack.digest) == ("draft", "1.1.0", version.digest)


def test_all_problems_are_told_with_file_and_line_and_nothing_is_kept(desk: Desk, client: ClientOf) -> None:
    files = own_files()
    files["china-base/rates.yaml"] = files["china-base/rates.yaml"].replace("unit: percent", "unit: percents", 2)
    answer = upload(client, "a.zip", zipped(files))
    assert answer.status_code == 422
    assert answer.text.count("china-base/rates.yaml:") >= 2
    assert "/tmp/" not in answer.text
    with desk.office.read() as session:
        assert life.versions(session) == []


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.zip", b"PK\x03\x04 no zip", "压缩包读不了"),
        ("a.zip", zipped({"x/readme.txt": "nothing"}), "没有 .yaml 文件"),
        ("a.zip", zipped({"../../etc/pack.yaml": "pack: a"}), "文件名"),
        ("a.zip", zipped({"x/pack.yaml": "pack: ../x\nversion: 1"}), "包名"),
        ("a.zip", zipped({"x/pack.yaml": "a" * 1_000_001}), "过大"),
        ("a.zip", zipped({"x/other.yaml": "parameters: {}"}), "pack.yaml"),
        ("pack.yaml", "pack: x".encode("utf-16"), "UTF-8"),
    ],
)
def test_hostile_uploads_are_refused_in_words(client: ClientOf, name: str, data: bytes, told: str) -> None:
    answer = upload(client, name, data)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_version_number_is_used_once(desk: Desk, client: ClientOf) -> None:
    files = own_files()
    assert upload(client, "a.zip", zipped(files)).status_code == 303
    assert upload(client, "a.zip", zipped(files)).status_code == 409
    other = files | {"china-base/pack.yaml": files["china-base/pack.yaml"] + "\n# another\n"}
    assert upload(client, "a.zip", zipped(other)).status_code == 409


def test_a_what_if_tells_who_moves_and_keeps_nothing(desk: Desk, client: ClientOf, tmp_path: Path) -> None:
    analyst = client("analyst")
    answer = analyst.submit("/packs/five-articles/parameter/inclusive_line_cap/change", NEW | {"act": "simulate"})
    assert answer.status_code == 303
    address = str(answer.headers["location"])
    assert "正在模拟" in analyst.get(address).text
    work(desk, tmp_path)
    shown = analyst.get(address).text
    assert "普惠金融" in shown
    assert "受影响的记录" in shown
    movers = analyst.get(f"{address}/movers/five-articles").text
    assert "共" in movers
    assert "普惠金融" in movers
    assert client("approver").get(address).status_code == 200  # who signs sees it
    assert client("luoyang").get(address).status_code == 404  # it shows firms of the whole province
    given = analyst.submit(f"{address}/movers/five-articles/export", {"reason": "核对", "format": "csv"})
    assert given.status_code == 200
    with desk.office.read() as session:
        assert life.versions(session) == []


def test_a_scoped_simulation_names_only_what_the_scope_may_see(desk: Desk, client: ClientOf, tmp_path: Path) -> None:
    officer = client("luoyang")
    answer = officer.submit("/packs/five-articles/parameter/inclusive_line_cap/change", NEW | {"act": "simulate"})
    address = str(answer.headers["location"])
    work(desk, tmp_path)
    given = officer.submit(f"{address}/movers/five-articles/export", {"reason": "核对", "format": "csv"}).text
    rows = [line.split(",") for line in given.splitlines()[1:] if line and not line.startswith("#")]
    reader = desk.reader(viewer(desk, "luoyang"))
    seen = {row["borrower_id"] for row in reader.rows("SELECT DISTINCT borrower_id FROM loan_balance")}
    assert rows
    assert {row[1].lstrip("'") for row in rows} <= seen
    assert "只含发起人权限范围内的记录" in officer.get(address).text
