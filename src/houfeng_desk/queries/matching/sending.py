"""What of a run of matching can be recommended to banks, and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, NotFoundError, Text
from houfeng.matching.assign import WAYS
from houfeng.matching.needs import filing, sending
from houfeng.matching.needs.filing import Suggestion
from houfeng.matching.needs.sending import Match, Sorted
from houfeng.matching.recommend.drawing import Draw
from houfeng.office import jobs
from houfeng.office.access import Viewer
from houfeng.office.tables import Job
from houfeng.packs.loading.load import load_pack
from houfeng_desk.queries.matching import result

SEND, FILE = "matching.recommend", "recommended.json"
LAST = 100
"""Jobs looked through for those of one run."""
FIVE = Decimal("0.00001")


def matches(found: Mapping[str, Any], way: str) -> list[Match]:
    """What each need of a run was given one way, those that got nothing left out."""
    made = []
    for need in found["needs"]:
        product = need["got"].get(way, {}).get("product", "")
        if product:
            made.append(_match(found, need, product))
    return made


def match(found: Mapping[str, Any], need_no: str, product: str) -> Match:
    """One product for one need of a run.

    Raises:
        NotFoundError: it was not in the run. ConflictError: the need does not fit the product.
    """
    return _match(found, result.need(found, need_no), product)


def _match(found: Mapping[str, Any], need: Mapping[str, Any], product: str) -> Match:
    offer = next((one for one in need["offers"] if one["product"] == product), None)
    if offer is None:
        raise NotFoundError(Text(f"这次对接里没有产品 {product[:80]}", f"the run has no product {product[:80]}"))
    if offer["answer"] != "yes":
        why = [Text(each["zh"], each["en"]) for each in offer["reasons"]]
        raise ConflictError(Text(f"不符合该产品：{joined(why).zh}", f"it does not fit: {joined(why).en}"))
    cost = offer["cost"]
    suggestion = Suggestion(
        institution_id=offer["bank"],
        institution_name=found["names"].get(offer["bank"]) or offer["bank"],
        product=offer.get("base") or product,
        label=Text(offer["label"]["zh"], offer["label"]["en"]),
        cost=Decimal(str(cost)).quantize(FIVE) if cost is not None else None,
        chance=offer["chance"],
        reasons=tuple(offer["reasons"]),
        answer_days=offer.get("answer_days"),
        draw=_draw(offer.get("draw")),
    )
    return Match(need["need_no"], Decimal(need["amount"]), need["months"], suggestion)


def _draw(told: Mapping[str, Any] | None) -> Draw | None:
    """What the product takes of a tool's quota, as the run keeps it."""
    if told is None:
        return None
    return Draw(told["tool"], Text(told["label"]["zh"], told["label"]["en"]), Decimal(told["amount"]))


def joined(texts: Iterable[Text]) -> Text:
    """Several texts as one."""
    held = list(texts)
    return Text("；".join(text.zh for text in held), "; ".join(text.en for text in held))


def same_pack(found: Mapping[str, Any], pack: str) -> None:
    """Raise ConflictError where the products have changed since the run."""
    now = load_pack(pack)
    if f"{now.name} {now.version}" != found["pack"]:
        told = f"{now.name} {now.version}"
        raise ConflictError(
            Text(
                f"产品已由 {found['pack']} 更新为 {told}，请重新对接",
                f"the products have changed from {found['pack']} to {told}; run the matching again",
            )
        )


class Group(NamedTuple):
    """A reason, and how many needs it stands against."""

    why: Text
    needs: int


@dataclass
class Card:
    """One way of a run, before anything is sent: what can be, what was, what cannot and why."""

    ready: int = 0
    sent: int = 0
    barred: list[Group] = field(default_factory=list)


@dataclass
class Handling:
    """The handling of a run: a card for each way, and for each need how it stands."""

    cards: dict[str, Card] = field(default_factory=dict)
    needs: dict[str, Mapping[str, Any]] = field(default_factory=dict)


READY = Text("可推荐", "Can be recommended")
BARRED = Text("不能推荐", "Cannot be recommended")


def handling(session: Session, viewer: Viewer, found: Mapping[str, Any]) -> Handling:
    """How a run stands now, with the quota that is left. Lending limits are asked for when something is sent: they were
    part of the run itself."""
    made = Handling()
    for way in WAYS:
        if way not in found["ways"]:
            continue
        sorted_ = sending.sort_out(session, viewer, matches(found, way))
        made.cards[way] = _card(sorted_)
        _stand(made.needs, sorted_)
    return made


def _card(found: Sorted) -> Card:
    why = Counter(joined(one.why) for one in found.barred)
    groups = [Group(text, count) for text, count in sorted(why.items(), key=lambda one: (-one[1], one[0].zh))]
    return Card(len(found.ready), len(found.sent), groups)


def _stand(needs: dict[str, Mapping[str, Any]], found: Sorted) -> None:
    """What was sent either way stands before what can be, and that before what cannot."""
    for barred in found.barred:
        number = barred.match.need_no
        link = f"/needs/{barred.need.id}" if barred.need is not None else None
        needs.setdefault(number, {"handling": BARRED, "handling_why": joined(barred.why), "handling_link": link})
    for ready in found.ready:
        state = {"handling": READY, "handling_why": None, "handling_link": f"/needs/{ready.need.id}"}
        if needs.get(ready.match.need_no, {}).get("handling") not in filing.STATES.values():
            needs[ready.match.need_no] = state
    for sent in found.sent:
        bank = sent.offer.institution_name or sent.offer.institution_id
        needs[sent.match.need_no] = {
            "handling": filing.STATES[sent.need.state],
            "handling_why": Text(bank, bank),
            "handling_link": f"/needs/{sent.need.id}",
        }


class Done(NamedTuple):
    """A batch that was sent, or is being."""

    job: Job
    way: str
    sent: int
    before: int
    barred: Sequence[Group]


def batches(session: Session, viewer: Viewer, run: int) -> list[Done]:
    """The batches of a run, newest first."""
    wanted = select(Job).where(Job.kind == SEND).order_by(Job.id.desc()).limit(LAST)
    found = []
    for job in session.scalars(wanted):
        if job.payload["run"] == run and (viewer.scope.everything or job.requested_by == viewer.user_id):
            told = job.result or {}
            barred = _reasons(job) if job.state == jobs.State.DONE else []
            found.append(Done(job, job.payload["way"], told.get("sent", 0), told.get("before", 0), barred))
    return found


def _reasons(job: Job) -> list[Group]:
    try:
        rows = json.loads((Path(job.folder) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    why = Counter(Text(row["why"]["zh"], row["why"]["en"]) for row in rows)
    return [Group(text, count) for text, count in sorted(why.items(), key=lambda one: (-one[1], one[0].zh))]
