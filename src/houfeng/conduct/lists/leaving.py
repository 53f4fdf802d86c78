"""Leaving a list: by the end of the term, by repair under conditions, or because the ground is gone. Two persons."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.conduct.lists.conditions import Condition, all_met, conditions
from houfeng.conduct.lists.entering import ask_signature, find, free, not_signed, officer, sees
from houfeng.conduct.lists.life import EXPIRED, LISTS, PUNISHMENT, REMOVE, REMOVED, REPAIR, REPAIRED, WAYS_OUT, State
from houfeng.conduct.steps import reason, same_version, step
from houfeng.conduct.tables import Listing
from houfeng.conduct.terms import Terms, terms_on
from houfeng.errors import ConflictError, Text, UsageError
from houfeng.office import approvals, notices
from houfeng.office.access import Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import own_firm, people_of_firm
from houfeng.office.tables import Approval


def ask_repair(
    session: Session,
    viewer: Viewer,
    listing_id: int,
    version: int,
    done: str,
    promise: bool,
    terms: Terms | None = None,
) -> Listing:
    """The firm asks to leave: what it has put right, and its public promise.

    Raises:
        ConflictError: it is not on the list, or the least time has not passed.
        UsageError: no promise is given.
    """
    own_firm(viewer)
    entry = find(session, viewer, listing_id)
    today = office_of(session).clock().date()
    if entry.state != State.LISTED or entry.list_kind != PUNISHMENT or entry.approval_id is not None:
        raise ConflictError(Text("现在不能申请修复", "a repair cannot be asked for now"))
    if entry.least_until is not None and today < entry.least_until:
        raise ConflictError(
            Text(
                f"最短公示期至 {entry.least_until}，届满后可申请", f"a repair can be asked from {entry.least_until} on"
            )
        )
    if not promise:
        raise UsageError(Text("须公开作出信用承诺", "a public promise is needed"))
    same_version(entry, version)
    days = (terms or terms_on(today)).number("repair_answer_days")
    due = today + timedelta(days=days)
    entry.repair = {"asked_on": str(today), "done": reason(done), "promise": "yes", "due_on": str(due)}
    step(session, viewer, entry, "ask_repair", State.LISTED, done, {"due_on": due})
    title = Text(f"{entry.number} 申请信用修复，{due} 前办结", f"{entry.number}: a repair is asked for, due {due}")
    notices.tell(session, Role.OFFICER, title, f"/lists/{entry.id}", "listing.repair")
    return entry


def standing(entry: Listing, today: date, new_records: int | None, terms: Terms | None = None) -> list[Condition]:
    """How the conditions of a repair stand for an entry."""
    days = (terms or terms_on(today)).number("repair_clean_days")
    return conditions(entry.least_until, today, entry.repair, new_records, days)


def repair(
    session: Session, viewer: Viewer, listing_id: int, version: int, verified: str, why: str,
    new_records: int | None = None, terms: Terms | None = None,
) -> Listing:  # fmt: skip
    """An officer has verified that the firm put things right, and puts the repair forward.

    Raises:
        ConflictError: nothing was asked for, or a condition is not met; all of these are told.
    """
    entry = officer(session, viewer, listing_id, version, State.LISTED)
    if not entry.repair.get("asked_on"):
        raise ConflictError(Text("企业没有申请修复", "no repair was asked for"))
    entry.repair = {**entry.repair, "verified": reason(verified, "请写明核实情况", "say what was verified")}
    found = standing(entry, office_of(session).clock().date(), new_records, terms)
    if not all_met(found):
        open_ = [one for one in found if one.state != "met"]
        raise ConflictError(
            Text(
                "修复条件未满足：" + "；".join(f"{one.label.zh}（{one.told.zh}）" for one in open_),
                "conditions are not met: " + "; ".join(f"{one.label.en} ({one.told.en})" for one in open_),
            )
        )
    ask_signature(session, viewer, entry, REPAIR, why)
    return entry


def refuse_repair(session: Session, viewer: Viewer, listing_id: int, version: int, why: str) -> Listing:
    """The repair is refused with reasons; the firm may ask again."""
    entry = officer(session, viewer, listing_id, version, State.LISTED)
    if not entry.repair.get("asked_on"):
        raise ConflictError(Text("企业没有申请修复", "no repair was asked for"))
    entry.repair = {"refused": reason(why)}
    step(session, viewer, entry, "refuse_repair", State.LISTED, why)
    _tell(session, entry, Text("修复申请未通过", "the repair is refused"))
    return entry


def remove(session: Session, viewer: Viewer, listing_id: int, version: int, why: str) -> Listing:
    """The ground is gone (a judgment set aside, a wrong finding): put the removal forward."""
    entry = officer(session, viewer, listing_id, version, State.LISTED)
    ask_signature(session, viewer, entry, REMOVE, why)
    return entry


def expire(session: Session, today: date | None = None) -> int:
    """Entries whose term has ended leave by themselves; gives how many."""
    today = today or office_of(session).clock().date()
    over = select(Listing).where(Listing.state == State.LISTED, Listing.until <= today).order_by(Listing.id)
    found = [entry for entry in session.scalars(over).all() if entry.approval_id is None]
    for entry in found:
        entry.version += 1
        _leave(session, "system", entry, EXPIRED, "")
    return len(found)


def on_lists(session: Session, enterprise_id: str) -> list[Listing]:
    """The entries of a firm that hold now."""
    wanted = select(Listing).where(Listing.enterprise_id == enterprise_id, Listing.state == State.LISTED)
    return list(session.scalars(wanted.order_by(Listing.id)))


def counts(session: Session) -> dict[str, int]:
    """How many firms stand on each list now."""
    wanted = select(Listing.list_kind, func.count(func.distinct(Listing.enterprise_id)))
    found = session.execute(wanted.where(Listing.state == State.LISTED).group_by(Listing.list_kind))
    return dict.fromkeys(LISTS, 0) | {row[0]: row[1] for row in found}


def _leave(session: Session, who: Viewer | str, entry: Listing, how: str, why: str) -> None:
    entry.left_on, entry.left_how, entry.left_why = office_of(session).clock().date(), how, why
    step(session, who, entry, how, State.LEFT, why)
    _tell(session, entry, WAYS_OUT[how])


def _tell(session: Session, entry: Listing, told: Text) -> None:
    title = Text(f"{entry.number}：{told.zh}", f"{entry.number}: {told.en}")
    notices.tell(session, people_of_firm(session, entry.enterprise_id), title, f"/mine/lists/{entry.id}", "listing")


def _repaired(session: Session, approval: Approval, who: Viewer | str) -> None:
    _leave(session, who, free(session, approval), REPAIRED, approval.decision)


def _removed(session: Session, approval: Approval, who: Viewer | str) -> None:
    _leave(session, who, free(session, approval), REMOVED, approval.decision)


approvals.register(f"listing.{REPAIR}", _repaired, not_signed, sees)
approvals.register(f"listing.{REMOVE}", _removed, not_signed, sees)
