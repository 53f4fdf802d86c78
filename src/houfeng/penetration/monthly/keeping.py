"""Keep in the book what penetration finds as of a day: groups, circles, controllers, exposures, segments, signs.

The book gets them as submissions of Houfeng's own, one list for each kind and day. From then on they are facts like any
other: views know them as known at a moment, the watch moves a group's or circle's key when a member moves, rules read
them. What others report (lists of groups) stays as it is; a computed group that lies within a reported one is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.storage.receipt import Receipt
from houfeng.book.store import Book
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.penetration.circles.graph import Guarantees
from houfeng.penetration.circles.reading import debts, net_assets
from houfeng.penetration.circles.rings import Circle, circles
from houfeng.penetration.circles.walk import Walk
from houfeng.penetration.control import HALF, Control, control
from houfeng.penetration.dependence import Test, dependence
from houfeng.penetration.graph import KINDS, Holdings, Views
from houfeng.penetration.groups import Group, Link, control_links, groups
from houfeng.penetration.monthly import flows, limits, partners, quality, signs
from houfeng.penetration.monthly.naming import named
from houfeng.penetration.monthly.segments import segments
from houfeng.penetration.ownership.agreements import agreements, known

REPORTER = "houfeng"
GROUP, CIRCLE = "HFG-", "HFC-"
"""How the ids of computed groups and circles begin."""

KEPT = (
    "connected_group", "group_member", "guarantee_circle", "circle_member", "ultimate_controller", "group_exposure",
    "debtor_standing", "credit_segment", "penetration_finding",
)  # fmt: skip
MOST_TRIED = 50
"""In a large circle so many firms are tried as key nodes: those with the most guarantees."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person may choose: the line of control, holders that connect nobody (state holders never do), how wide
    the tests are. Every figure is a parameter of the regulations or of practice named in its class."""

    line: Decimal = HALF
    exempt: frozenset[str] = frozenset()
    dependence: Test = field(default_factory=Test)
    spans: signs.Spans = field(default_factory=signs.Spans)
    flows: flows.Terms = field(default_factory=flows.Terms)
    ties: partners.Ties = field(default_factory=partners.Ties)
    days_overdue: int = 90


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of each kind, ready for the book."""

    as_of: date
    rows: Mapping[str, Sequence[Row]]

    def count(self, kind: str) -> int:
        """How many rows of a kind."""
        return len(self.rows[kind])


def keep(
    book: Book, as_of: date, *, choices: Choices | None = None, received_at: datetime | None = None
) -> tuple[Found, Receipt]:
    """Compute what is known now about `as_of` and put it into the book, in one call; the same again does nothing.

    `received_at` is for a book that is filled with history, as in `Book.submit`.

    Raises:
        EnvironmentFault: the book cannot be read or written.
        UsageError: `received_at` does not fit the order of what the book knows.
    """
    found = find(book.snapshot(), as_of, choices)
    drafts = [_draft(kind, as_of, found.rows[kind]) for kind in KEPT]
    return found, book.submit(drafts, confirm=True, received_at=received_at)


def find(views: Views, as_of: date, choices: Choices | None = None) -> Found:
    """Compute what `keep` would put into the book.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    choices = choices or Choices()
    with Engine() as engine:
        firms = dict(engine.rows(f"SELECT enterprise_id, name FROM ({views.select('enterprise', as_of=as_of)})"))
        held = _held(views, as_of, choices, engine)
        controllers = _controllers(views, as_of, held, engine)
        grouped, members = _groups(views, as_of, held, choices, firms, engine)
        engine.connection.register("_members", members)
        rows: dict[str, list[Row]] = {
            **grouped,
            **_circles(views, as_of, firms, engine),
            "ultimate_controller": controllers,
            "group_exposure": _rows(engine, limits.exposures_sql(views, as_of)),
            "debtor_standing": _rows(engine, quality.standings_sql(views, as_of, choices.days_overdue)),
            "credit_segment": segments(views, as_of, engine),
        }
        found = [
            *signs.ownership_rings(held.holdings),
            *signs.shared_places(views, as_of, engine, choices.spans),
            *signs.before_overdue(views, as_of, engine, choices.spans),
            *signs.controllers_moved(
                views,
                as_of,
                ((row["enterprise_id"], row["controller_id"]) for row in controllers),
                engine,
                choices.spans,
            ),
            *flows.round_trips(views, as_of, engine, choices.flows),
            *flows.group_outflows(views, as_of, members, engine, choices.flows),
            *partners.lenders_left(views, as_of, engine, choices.ties),
            *partners.customers_bad(views, as_of, engine, choices.ties),
        ]
    names = row_schema(kinds()["penetration_finding"]).names
    rows["penetration_finding"] = [
        {name: getattr(one, {"enterprise_id": "enterprise"}.get(name, name), None) for name in names}
        for one in sorted(found, key=lambda one: (one.enterprise, one.finding, one.subject))
    ]
    return Found(as_of, rows)


def memberships(views: Views, as_of: date, choices: Choices, engine: Engine) -> pa.Table:
    """Who belongs to which group, computed and reported, as `limits` asks for it.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    firms = dict(engine.rows(f"SELECT enterprise_id, name FROM ({views.select('enterprise', as_of=as_of)})"))
    return _groups(views, as_of, _held(views, as_of, choices, engine), choices, firms, engine)[1]


def _held(views: Views, as_of: date, choices: Choices, engine: Engine) -> Control:
    """Who controls whom, the agreements in force counted."""
    holdings = Holdings.read(views, as_of, engine)
    agreed = known(agreements(views, as_of, engine), holdings)
    return control(holdings, choices.line, pacts=agreed.pacts, only_in=agreed.only_in)


def _rows(engine: Engine, sql: str) -> list[Row]:
    rows: list[Row] = engine.table(sql).to_pylist()
    return rows


def _controllers(views: Views, as_of: date, held: Control, engine: Engine) -> list[Row]:
    """The ultimate controllers of whoever owes or guarantees: nobody asks for the others every day.

    Parties that control by an agreement to act together stand there each.
    """
    asked = (
        f"SELECT borrower_id FROM ({views.select('loan_balance', as_of=as_of)}) WHERE balance > 0"
        f" UNION SELECT guarantor_id FROM ({views.select('guarantee', as_of=as_of)})"
    )
    wanted = {name for (name,) in engine.rows(asked) if name is not None}
    graph = held.holdings
    names: list[str] = graph.ids.to_pylist()
    return [
        {"enterprise_id": name, "controller_id": names[who], "controller_kind": graph.kind(who)}
        for place, (name, above) in enumerate(zip(names, held.top.tolist(), strict=True))
        if above != place and name in wanted
        for who in _who(held, above)
    ]


def _who(held: Control, number: int) -> list[int]:
    """The node, or the parties of the pact, of a number that `Control` gives."""
    size = held.holdings.size
    parties: list[int] = held.parties[number - size].tolist() if number >= size else [number]
    return parties


def _groups(
    views: Views, as_of: date, held: Control, choices: Choices, firms: Mapping[str, str | None], engine: Engine
) -> tuple[dict[str, list[Row]], pa.Table]:
    """Rows of computed groups and members, and all members, reported ones too, for the questions by group."""
    holdings = held.holdings
    state = holdings.names((holdings.kinds == KINDS.index("state")).nonzero()[0])
    exempt = {*choices.exempt, *state}
    links = [*control_links(holdings, exempt=exempt, line=choices.line), *_agreed(held, exempt)]
    links += dependence(views, as_of, choices.dependence, engine)
    reported = limits.reported_members(views, as_of, engine, GROUP)
    listed: dict[str, set[str]] = {}
    for group, member in reported:
        listed.setdefault(member, set()).add(group)
    found = [one for one in groups(links, clients=set(firms)) if not _within(one.members, listed)]
    before = _before(engine, views.select("group_member", as_of=as_of), "group_id", GROUP)
    ids = named(GROUP, [(one.head, *one.members) for one in found], before)
    return {
        "connected_group": [_group(name, one, firms) for name, one in zip(ids, found, strict=True)],
        "group_member": [
            {"group_id": name, "enterprise_id": member, "role": _role(one, member)}
            for name, one in zip(ids, found, strict=True)
            for member in one.members
        ],
    }, limits.members_of(zip(ids, found, strict=True), reported)


def _agreed(held: Control, exempt: Set[str]) -> list[Link]:
    """A link from each party of an agreement to what they control together by it."""
    names: list[str] = held.holdings.ids.to_pylist()
    found = []
    for place in np.flatnonzero(held.direct >= held.holdings.size):
        child = names[place]
        for party in (names[who] for who in _who(held, int(held.direct[place]))):
            text = Text(f"{party} 以一致行动控制 {child}", f"{party} controls {child} with others by an agreement")
            found += [] if party in exempt or party == child else [Link("agreement", party, child, text)]
    return found


def _within(members: Iterable[str], known: Mapping[str, set[str]]) -> bool:
    """Whether one reported group holds all members."""
    shared: set[str] | None = None
    for member in members:
        shared = known.get(member, set()) if shared is None else shared & known.get(member, set())
        if not shared:
            return False
    return True


def _group(name: str, one: Group, firms: Mapping[str, str | None]) -> Row:
    called = firms.get(one.head) or one.head
    reasons = sorted({link.reason for link in one.tree})
    return {"group_id": name, "name": f"{called}（穿透集团）", "head_id": one.head, "basis": "; ".join(reasons)}


def _role(one: Group, member: str) -> str:
    if member == one.head:
        return "head"
    return next((link.reason for link in one.tree if member in (link.child, link.parent)), "")


def _before(engine: Engine, rows: str, key: str, prefix: str) -> dict[str, list[str]]:
    """Members by id of what Houfeng kept before."""
    found: dict[str, list[str]] = {}
    sql = f"SELECT {key}, enterprise_id FROM ({rows}) WHERE starts_with({key}, '{prefix}') ORDER BY 1, 2"
    for name, member in engine.rows(sql):
        found.setdefault(name, []).append(member)
    return found


def _circles(views: Views, as_of: date, firms: Mapping[str, str | None], engine: Engine) -> dict[str, list[Row]]:
    graph = Guarantees.read(views, as_of, engine)
    found = circles(graph)
    before = _before(engine, views.select("circle_member", as_of=as_of), "circle_id", CIRCLE)
    ids = named(CIRCLE, [one.members for one in found], before)
    key = _key_nodes(views, as_of, graph, found, engine)
    pairs = list(zip(ids, found, key, strict=True))
    return {
        "guarantee_circle": [
            {
                "circle_id": name,
                "name": f"{firms.get(who) or who}等{len(one.members)}户担保圈",
                "form": one.form.value,
                "firms": len(one.members),
            }
            for name, one, who in pairs
        ],
        "circle_member": [
            {"circle_id": name, "enterprise_id": member, "firms": len(one.members), "is_key": member == who}
            for name, one, who in pairs
            for member in one.members
        ],
    }


def _key_nodes(views: Views, as_of: date, graph: Guarantees, found: Sequence[Circle], engine: Engine) -> list[str]:
    """Of each circle the firm whose removal shrinks the expected loss most; see `circles.walk`."""
    means, debt = net_assets(views, as_of, engine), debts(views, as_of, engine)
    keys = []
    for one in found:
        inside = graph.among(np.array([graph.place(member) for member in one.members]))
        keys.append(Walk.of(inside, means, {}, debt).keys(most=1, of=MOST_TRIED)[0].firm)
    return keys


def _draft(kind: str, as_of: date, rows: Sequence[Row]) -> Draft:
    schema = row_schema(kinds()[kind])
    dated = {"period": as_of} if "period" in schema.names else {}
    table = pa.Table.from_pylist([{**row, **dated, "_row": n} for n, row in enumerate(rows, 1)], schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table)
    digest = hashlib.sha256(sink.getvalue().to_pybytes()).hexdigest()
    return Draft(kind, REPORTER, as_of, table, QUARANTINE.empty_table(), f"penetration:{as_of}", "", digest)
