"""What the demo shows of conduct: signs of evasion from a replayed watch, disputes, notices of listing.

All of it is made from the synthetic province through the functions that the pages call.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from sqlalchemy import select

from houfeng.book.store import Book
from houfeng.clock import Clock
from houfeng.conduct.disputes import answering, filing
from houfeng.conduct.lists import entering
from houfeng.conduct.lists.entering import Basis
from houfeng.conduct.portrait import Line
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.identity.people import find, viewer_of
from houfeng.office.tables import User
from houfeng_desk.desk import Desk
from houfeng_desk.queries.alert import EVASION
from houfeng_desk.queries.conduct import listings, portraits
from houfeng_desk.queries.delivery.judging import HOUSE

PACK, HISTORY = "evasion-rules", ("2025-10-01", "2025-11-30")
WHY = "演示"
FIRMS = (
    "SELECT enterprise_id AS id FROM public_record WHERE record_type IN ('dishonest_debtor', 'enforcement')"
    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2"
)


def watch(book: Path) -> None:
    """Replay the history by the rules on evasion, into a folder of its own beside the other watch's."""
    if (book / EVASION).exists():
        return
    first, last = HISTORY
    arguments = ["watch", "run", PACK, "--book", str(book), "--drill", str(book / EVASION)]
    arguments += ["--source", f"replay:{first}..{last}", "--from", first, "--until", last]
    arguments += ["--max-keys", "100000", "--state-memory", "1GB", "--quiet"]
    subprocess.run([sys.executable, "-m", "houfeng_cli.main", *arguments], check=True)  # noqa: S603 — our own program


def seed(office: Office, book: Path, clock: Clock) -> int:
    """Fill the pages of conduct; gives how many disputes and notices were made.

    `officer` must have an account; an enterprise's own account (`enterprise`) disputes two of its lines.
    """
    watch(book)
    desk = Desk(office, Book.open(book, clock), clock)
    try:
        with office.read() as session:
            officer = viewer_of(find(session, "officer"), via="demo")
            found = session.scalars(select(User).where(User.login == "enterprise")).first()
            owner = viewer_of(found, via="demo") if found is not None else None
        made = _disputes(desk, owner, officer) if owner is not None else 0
        return made + _notices(desk, officer)
    finally:
        desk.close()


def _disputes(desk: Desk, owner: Viewer, officer: Viewer) -> int:
    """One about a loan, which waits for the bank; one about the register, which the office has answered."""
    assert owner.scope.enterprise is not None
    with desk.office.begin() as session:
        shown = portraits.own(desk, session, owner.scope.enterprise)
        loan = _first(shown.portrait.lines, "loan_balance", "")
        staff = _first(shown.portrait.lines, "enterprise", "employees")
        made = 0
        for line, asked, why in (
            (loan, "余额应减去十二月归还的部分", "归还凭证已交开户行"),
            (staff, "应为本年社保参保人数", "附社保参保证明"),
        ):
            if line is not None:
                bank = portraits.bank_of(desk, line)
                one = filing.file(session, owner, shown.party, line, bank, asked, why)
                made += 1
                if not bank:
                    answering.answer(session, officer, one.id, one.version, True, "与参保证明一致，转登记机关更正")
    return made


def _first(lines: object, kind: str, field: str) -> Line | None:
    assert isinstance(lines, list)
    return next((one for one in lines if (one.kind, one.field) == (kind, field) and one.corrects), None)


def _notices(desk: Desk, officer: Viewer) -> int:
    """Two notices of punishment with an authority's document and facts of the book, one of incentive."""
    made, today = 0, desk.clock().date()
    firms = [str(row["id"]) for row in desk.reader(HOUSE).rows(FIRMS)]
    reader = desk.reader(officer)
    for place, firm in enumerate(firms, 1):
        with desk.office.begin() as session:
            shown = portraits.shown(reader, session, firm)
            facts = [listings.evidence_of(one) for one in shown.portrait.lines if one.kind == "public_record"][:2]
            number = f"（{today.year}）模拟执字第{place}号"
            basis = Basis("judgment_refused", "模拟市中级人民法院", number, date(today.year, 1, 5), facts)
            if facts:
                entering.propose(session, officer, shown.party, basis, WHY)
                made += 1
    return made
