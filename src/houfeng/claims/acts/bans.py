"""Banks that may not claim, from one tool or from all, until a day; asked for at every submission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from houfeng.claims.files import reason
from houfeng.claims.tables import ClaimBan
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of


def ban(
    session: Session, who: Viewer, institution_id: str, instrument: str, until: date, why: str,
    claim_id: int | None = None,
) -> ClaimBan:  # fmt: skip
    """Keep a bank from claiming until the end of `until`. Part of a signed recall."""
    today = office_of(session).clock().date()
    made = ClaimBan(
        institution_id=institution_id, instrument=instrument, since=today, until=until, why=reason(why),
        claim_id=claim_id, made_by=who.user_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    told = {"institution": institution_id, "instrument": instrument, "until": until, "claim": claim_id}
    journal.write(session, who, "claim.ban", f"institution:{institution_id}", why=why, detail=told)
    return made


def in_force(session: Session, institution_id: str, day: date, instrument: str | None = None) -> Sequence[ClaimBan]:
    """The bans of a bank on a day: those that touch `instrument`, or all."""
    wanted = select(ClaimBan).where(
        ClaimBan.institution_id == institution_id,
        ClaimBan.since <= day,
        ClaimBan.until >= day,
        ClaimBan.lifted_at.is_(None),
    )
    if instrument is not None:
        wanted = wanted.where(or_(ClaimBan.instrument == "", ClaimBan.instrument == instrument))
    return session.scalars(wanted.order_by(ClaimBan.until.desc())).all()


def check(session: Session, institution_id: str, instrument: str) -> None:
    """Raise AccessError where the bank may not claim from this tool today."""
    for one in in_force(session, institution_id, office_of(session).clock().date(), instrument):
        raise AccessError(
            Text(
                f"该机构至 {one.until} 暂停申报：{one.why}",
                f"this institution may not claim until {one.until}: {one.why}",
            )
        )


def lift(session: Session, viewer: Viewer, ban_id: int, why: str) -> ClaimBan:
    """End a ban early; for approvers who did not make it.

    Raises:
        AccessError: the viewer made it, or may not approve.
    """
    viewer.require(Permission.APPROVE)
    one = session.get(ClaimBan, ban_id)
    own = viewer.scope.institutions
    if one is None or viewer.scope.regions is not None or (own is not None and one.institution_id not in own):
        raise NotFoundError(Text(f"没有暂停记录 {ban_id}", f"there is no ban {ban_id}"))
    if one.made_by == viewer.user_id:
        raise AccessError(Text("作出暂停决定的人不能自行解除", "who made a ban cannot lift it"))
    if one.lifted_at is not None:
        raise ConflictError(Text("已解除", "it was lifted already"))
    one.lifted_at, one.lifted_why = office_of(session).clock(), reason(why)
    told = {"ban": ban_id, "institution": one.institution_id, "instrument": one.instrument}
    journal.write(session, viewer, "claim.ban_lift", f"institution:{one.institution_id}", why=why, detail=told)
    return one
