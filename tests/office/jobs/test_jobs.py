"""Jobs: asked for, taken once, told of, cancelled, tried again, and found when their worker died."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from houfeng.errors import AccessError, ConflictError, EnvironmentFault, InputError, NotFoundError, Text, UsageError
from houfeng.office import jobs, notices
from houfeng.office.access import EVERYTHING, Role, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.jobs import Job, JobRun, State, Worker, queue
from houfeng.office.jobs.run import Lost
from houfeng.office.tables import JournalEntry
from office.conftest import Hands
from office.people_samples import person

TITLE = Text("导出", "export")


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_handlers", {})


@pytest.fixture
def worker(office: Office, tmp_path: Path) -> Worker:
    return Worker(office, tmp_path, name="w1", beat=0.01, book=tmp_path / "book")


def _ask(office: Office, viewer: Viewer | None, kind: str = "work", **options: object) -> int:
    with office.begin() as session:
        return jobs.enqueue(session, viewer, kind, {"rows": 3}, TITLE, **options).id  # type: ignore[arg-type]


def _job(office: Office, number: int) -> Job:
    with office.read() as session:
        return session.get_one(Job, number)


def test_a_job_runs_with_the_rights_its_asker_has_then(office: Office, worker: Worker, tmp_path: Path) -> None:
    seen: list[JobRun] = []

    def work(run: JobRun) -> dict[str, object]:
        seen.append(run)
        run.log("开始")
        run.progress(1, 3, Text("读取", "reading"))
        (run.folder / "a.csv").write_text("x", "utf-8")
        run.progress(3, 3, Text("完成", "done"))
        return {"file": "a.csv"}

    jobs.register("work", work)
    wang = person(office, "wang", Role.OFFICER)
    number = _ask(office, wang)
    with office.begin() as session:
        accounts.change_roles(session, "test", "wang", [Role.VIEWER], EVERYTHING)
    assert worker.run_once()
    assert not worker.run_once()
    job, run = _job(office, number), seen[0]
    assert run.viewer is not None
    assert (run.viewer.roles, run.viewer.via) == ({Role.VIEWER}, "job")
    assert (run.payload, run.book) == ({"rows": 3}, tmp_path / "book")
    assert (job.state, job.done, job.total, job.step_en) == (State.DONE, 3, 3, "done")
    assert (job.result, job.attempts) == ({"file": "a.csv"}, 1)
    assert "开始" in job.log
    assert (tmp_path / str(number) / "a.csv").is_file()


def test_the_oldest_comes_first_and_none_before_its_time(office: Office, worker: Worker, hands: Hands) -> None:
    done: list[int] = []
    jobs.register("work", lambda run: done.append(run.job.id))
    late = _ask(office, None, not_before=hands.now.replace(hour=18))
    first = _ask(office, None)
    hands.forward(seconds=1)
    second = _ask(office, None)
    while worker.run_once():
        pass
    assert done == [first, second]
    hands.forward(hours=6)
    assert worker.run_once()
    assert done == [first, second, late]


def test_nobody_asks_for_what_nobody_does(office: Office) -> None:
    jobs.register("export", lambda run: None)
    with pytest.raises(UsageError, match="export"):
        _ask(office, None, "exprt")


def test_what_is_wrong_with_the_question_is_told_and_not_tried_again(office: Office, worker: Worker) -> None:
    def work(run: JobRun) -> None:
        raise InputError(Text("文件有误", "the file is wrong"))

    jobs.register("work", work)
    wang = person(office, "wang", Role.OFFICER)
    number = _ask(office, wang)
    assert worker.run_once()
    job = _job(office, number)
    assert (job.state, job.error_zh, job.attempts) == (State.FAILED, "文件有误", 1)
    with office.read() as session:
        assert notices.unread(session, wang) == 1


def test_what_may_pass_is_tried_again_later_and_at_last_given_up(office: Office, worker: Worker, hands: Hands) -> None:
    def work(run: JobRun) -> None:
        run.log(f"attempt {run.attempt}")
        raise EnvironmentFault(Text("磁盘满", "disk full"))

    jobs.register("work", work)
    number = _ask(office, None)
    assert worker.run_once()
    assert not worker.run_once()
    for seconds in (10, 40):
        hands.forward(seconds=seconds)
        assert worker.run_once()
    job = _job(office, number)
    assert (job.state, job.attempts, job.error_en) == (State.FAILED, 3, "disk full")
    assert [n for n in (1, 2, 3) if f"attempt {n}" in job.log] == [1, 2, 3]


def test_a_fault_of_the_program_ends_the_job_not_the_worker(office: Office, worker: Worker) -> None:
    jobs.register("work", lambda run: 1 / 0)  # type: ignore[arg-type,return-value]
    jobs.register("other", lambda run: None)
    broken, fine = _ask(office, None), _ask(office, None, "other")
    while worker.run_once():
        pass
    assert (_job(office, broken).state, _job(office, fine).state) == (State.FAILED, State.DONE)
    assert "ZeroDivision" not in _job(office, broken).error_en


def test_cancelling_before_and_while_it_runs(office: Office, worker: Worker) -> None:
    started, told = threading.Event(), threading.Event()

    def work(run: JobRun) -> None:
        started.set()
        while not told.wait(0.01):
            run.progress(1, 2)
        for _ in range(1000):
            told.wait(0.01)
            threading.Event().wait(0.01)
            run.check()

    jobs.register("work", work)
    wang, li = person(office, "wang", Role.OFFICER), person(office, "li", Role.OFFICER)
    waiting, running = _ask(office, wang), _ask(office, wang)
    with office.begin() as session, pytest.raises(NotFoundError):
        jobs.cancel(session, li, waiting)
    with office.begin() as session:
        assert jobs.cancel(session, wang, waiting).state == State.CANCELLED
    thread = threading.Thread(target=worker.run_once)
    thread.start()
    assert started.wait(60)
    with office.begin() as session:
        jobs.cancel(session, wang, running)
    told.set()
    thread.join(20)
    assert _job(office, running).state == State.CANCELLED
    with office.begin() as session, pytest.raises(ConflictError):
        jobs.cancel(session, wang, running)


def test_who_sees_which_jobs(office: Office) -> None:
    jobs.register("work", lambda run: None)
    wang, li = person(office, "wang", Role.OFFICER), person(office, "li", Role.OFFICER)
    admin = person(office, "sys", Role.SYSTEM_ADMIN)
    mine, house = _ask(office, wang), _ask(office, None)
    with office.begin() as session:
        assert [job.id for job in jobs.listing(session, wang)] == [mine]
        assert jobs.listing(session, li) == []
        assert {job.id for job in jobs.listing(session, admin)} == {mine, house}
        with pytest.raises(NotFoundError):
            jobs.find(session, li, mine)
        auditor = Viewer(99, "x", "X", frozenset({Role.SYSTEM_ADMIN}), only=frozenset({"see_jobs"}))  # type: ignore[arg-type]
        with pytest.raises(AccessError):
            jobs.cancel(session, auditor, mine)
        assert jobs.cancel(session, admin, mine).state == State.CANCELLED


def test_a_dead_worker_is_seen_and_its_job_resumed_so_many_times(office: Office, hands: Hands, tmp_path: Path) -> None:
    jobs.register("work", lambda run: {"attempt": run.attempt})
    wang = person(office, "wang", Role.OFFICER)
    resumed, hopeless = _ask(office, wang), _ask(office, wang, most_attempts=1)
    first, second = (queue.claim(office, "dead", ["work"]) for _ in range(2))
    assert (first and first.id, second and second.id) == (resumed, hopeless)
    worker = Worker(office, tmp_path, name="alive", stale=60)
    hands.forward(seconds=60)
    worker.chores()
    assert _job(office, resumed).state == State.RUNNING
    hands.forward(seconds=1)
    worker.chores()
    assert worker.run_once()
    assert not worker.run_once()
    job = _job(office, resumed)
    assert (job.state, job.result, job.worker) == (State.DONE, {"attempt": 2}, "alive")
    assert "no heartbeat" in job.log
    assert _job(office, hopeless).state == State.FAILED
    with office.read() as session:
        assert notices.unread(session, wang) == 1


def test_a_slow_worker_cannot_write_over_the_one_that_took_over(office: Office, hands: Hands, tmp_path: Path) -> None:
    def work(run: JobRun) -> dict[str, object]:
        if run.attempt == 1:
            hands.forward(seconds=61)
            queue.revive(office, worker._stale)
            assert Worker(office, tmp_path, name="fast").run_once()
            with pytest.raises(Lost), run.begin():
                pass
        return {"by": run.job.worker}

    jobs.register("work", work)
    number = _ask(office, None)
    worker = Worker(office, tmp_path, name="slow", stale=60, beat=1000)
    assert worker.run_once()
    job = _job(office, number)
    assert (job.state, job.result, job.attempts) == (State.DONE, {"by": "fast"}, 2)


def test_two_workers_never_take_the_same_job(office: Office, tmp_path: Path) -> None:
    done: list[int] = []
    jobs.register("work", lambda run: done.append(run.job.id))
    wanted = [_ask(office, None) for _ in range(30)]

    def run(name: str) -> None:
        worker = Worker(office, tmp_path, name=name)
        while worker.run_once():
            pass

    threads = [threading.Thread(target=run, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == wanted


def test_the_last_effect_and_the_end_are_one(office: Office, worker: Worker) -> None:
    def work(run: JobRun) -> None:
        with run.begin() as session:
            notices.tell(session, [wang.user_id], TITLE, "/", "job")
            run.finish(session, {"told": True})

    jobs.register("work", work)
    wang = person(office, "wang", Role.OFFICER)
    number = _ask(office, wang)
    assert worker.run_once()
    assert (_job(office, number).state, _job(office, number).result) == (State.DONE, {"told": True})


def test_a_worker_told_to_stop_gives_its_job_back(office: Office, worker: Worker) -> None:
    def work(run: JobRun) -> None:
        worker.stop()
        run.progress(1, 2)
        raise AssertionError("it should have stopped")

    jobs.register("work", work)
    number = _ask(office, None)
    worker.run()
    job = _job(office, number)
    assert (job.state, job.attempts) == (State.WAITING, 0)


def test_people_asking_and_cancelling_stand_in_the_journal(office: Office) -> None:
    jobs.register("work", lambda run: None)
    wang = person(office, "wang", Role.OFFICER)
    number = _ask(office, wang)
    _ask(office, None)
    with office.begin() as session:
        jobs.cancel(session, wang, number)
        about = select(JournalEntry.act).where(JournalEntry.about == f"job:{number}").order_by(JournalEntry.seq)
        assert list(session.scalars(about)) == ["job.enqueue", "job.cancel"]
