"""From a figure of the cube to the notes it is made of, and from a note to why it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng.packs.explain import Explanation
from houfeng.themes.cube import ALL
from houfeng.themes.dimensions import dimension
from houfeng.themes.kept import KEY
from houfeng.themes.report import ALL_LABEL, ARTICLES, check_period
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Column, Listing, ListRequest, Streamed, export
from houfeng_desk.locale import say, speak, spoken
from houfeng_desk.pages.policy.asking import ask_of
from houfeng_desk.pages.policy.themes import theme_pack
from houfeng_desk.queries import reasons
from houfeng_desk.queries.theme_loans import Drill, LoanList, NotReady, Tag
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, keep, page

router = APIRouter()
TITLE = Text("逐笔明细", "Notes")
PATIENCE, WHOLE = 8.0, 1800.0
"""Seconds a page, and an export, wait for a month that is being tagged."""
ALSO = Text("另属：", "Also in: ")
COMMA, SEMICOLON, COLON = Text("、", ", "), Text("；", "; "), Text("：", ": ")

COLUMNS = (
    Column("note_no", Text("借据编号", "Note"), "code", href="why"),
    Column("institution", Text("机构", "Institution")),
    Column("borrower", Text("借款人", "Borrower"), href="firm"),
    Column("balance", Text("余额", "Balance"), "money"),
    Column("counted", Text("计入金额", "Counted"), "money"),
    Column("rate", Text("利率", "Rate"), "percent"),
    Column("quality", Text("质量分类", "Class"), "code"),
    Column("use_industry", Text("投向", "Use"), "code", sortable=False),
    Column("matures_on", Text("到期日", "Matures"), "date"),
    Column("tags", Text("认定", "Recognised as"), sortable=False, sub="reasons"),
)


@router.get("/themes/loans", name="theme_loans", dependencies=[allowed(Permission.SEE_MARKET)])
def loans(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """The notes behind a figure."""
    asked = Asked(request, desk, reader)
    ask = ListRequest.of(request, COLUMNS)
    try:
        found = asked.listing(ask)
    except NotReady:
        return _waiting(request)
    return page(request, "policy/loans.html", listing=found, **asked.about())


def _waiting(request: Request) -> Response:
    """The month is being tagged: say so, and look again."""
    response = page(request, "policy/themes_waiting.html")
    response.headers["refresh"] = "3"
    return response


@router.get("/themes/loans/export", name="theme_loans_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer, reader)


@router.post("/themes/loans/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The file."""
    return _export(request, desk, viewer, reader)


def _export(request: Request, desk: Desk, viewer: ViewerDep, reader: Reader) -> Response:
    asked = Asked(request, desk, reader, WHOLE)
    ask = ListRequest.of(request, COLUMNS)
    pack = asked.pack
    notes = [(Text("专题", "Theme"), say(asked.label)), *((label, say(text)) for label, text in asked.chips())]
    version = f"{pack.name} {pack.version} ({pack.digest[:16]})"
    return export(request, viewer, TITLE, ask, asked.listing, pack=version, notes=notes)


@router.get("/themes/loans/why", name="theme_loan_why", dependencies=[allowed(Permission.SEE_MARKET)])
def why(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """Why a note has its tags, or has one not: each step with its value, parameter version and clause."""
    asked = Asked(request, desk, reader)
    key = {name: request.query_params.get(name, "")[:100] for name in KEY}
    try:
        tags, found = asked.explained(key)
    except NotReady:
        return _waiting(request)
    themes = [(theme.name, theme.label) for theme in asked.pack.themes() if theme.over == "loan_balance"]
    return page(
        request,
        "policy/loan.html",
        key=key,
        record=found.record,
        tags=tags,
        steps=reasons.steps(found.traces, spoken()),
        themes=themes,
        **asked.about(),
    )


class Asked:
    """Which notes the address asks for."""

    def __init__(self, request: Request, desk: Desk, reader: Reader, patience: float = PATIENCE) -> None:
        speak(lang_of(request))
        check_period(reader.snapshot, reader.as_of)
        self.request, self.reader = request, reader
        question = ask_of(request)
        self.pack = theme_pack(request, desk, reader).with_readings(question.readings or {})
        self.drill = Drill(request.query_params.get("theme", "") or ALL, dict(question.where or {}))
        chosen = tuple(sorted((question.readings or {}).items()))
        known = reader.known_at.date()
        self.list = LoanList(reader.views, self.pack, reader.as_of, known, desk.months, chosen, patience)

    def listing(self, ask: ListRequest) -> Listing:
        """The notes of a page, or all."""
        sort = ask.sort or "counted"
        found = self.list.page(self.drill, sort=sort, down=ask.descending or not ask.sort, page=ask.page, size=ask.size)
        self.counted = found.counted
        if ask.size is None:
            told = Streamed(found.total, lambda: (self._row(row, True) for row in found.rows))
            return Listing(ask.columns, told, found.total, ask)
        return Listing(ask.columns, [self._row(row, False) for row in found.rows], found.total, ask)

    def explained(self, key: Mapping[str, str]) -> tuple[list[Tag], Explanation]:
        """The tags of a note, and why it has the theme that is looked at, or those it has.

        Raises:
            NotReady: the month is being tagged.
            InputError: there is no such note in the viewer's scope.
        """
        tags, theme = self.list.tags(key), self.drill.theme
        wanted = [theme] if theme != ALL else [tag.theme for tag in tags if not any(tag.exception)]
        return tags, self.list.explain(key, wanted or ["counted_loan"])

    def _row(self, row: Mapping[str, Any], exported: bool) -> dict[str, Any]:
        key = {name: row[name] for name in KEY}
        link: Callable[..., str] = self._link
        tags: list[Tag] = row["tags"]
        own = [tag for tag in tags if not any(tag.exception)]
        taken = [f"{say(tag.label)}{say(COLON)}{say(tag.exception)}" for tag in tags if any(tag.exception)]
        clauses = [f"{tag.tag.rpartition('.')[2]} {tag.reference}" for tag in own if self._decides(tag)]
        return {
            **row,
            "institution": row["institution_name"],
            "borrower": row["borrower_name"],
            "why": link("/themes/loans/why", key),
            "firm": f"/enterprises/{row['borrower_id']}" if row["borrower_id"] else "",
            "tags": say(COMMA).join(f"{say(tag.label)}（{tag.tag}）" for tag in own if tag.tag)
            if exported
            else say(COMMA).join(self._labels(own)),
            "reasons": say(SEMICOLON).join([*clauses, *taken] if exported else [*self._also(own), *taken]),
        }

    def _labels(self, own: Sequence[Tag]) -> list[str]:
        """What a note is in the article looked at: its components; the articles where no one article is looked at."""
        article = self._article
        found = [say(tag.label) for tag in own if article and tag.tag.startswith(f"{article}.")]
        return found or [say(tag.label) for tag in own if tag.tag in self._articles]

    def _also(self, own: Sequence[Tag]) -> list[str]:
        """The other articles it is in."""
        others = [say(tag.label) for tag in own if tag.tag in self._articles - {self._article}]
        return [f"{say(ALSO)}{say(COMMA).join(others)}"] if self._article and others else []

    @cached_property
    def _articles(self) -> frozenset[str]:
        own = frozenset(theme.article for theme in self.pack.themes() if theme.article)
        return own & frozenset(ARTICLES) or own  # a total over the articles is none of them

    @cached_property
    def _article(self) -> str:
        """The article looked at; empty where it is all loans, or the total of the articles."""
        theme = next((one for one in self.pack.themes() if one.name == self.drill.theme), None)
        return theme.article if theme is not None and theme.article in self._articles else ""

    def _decides(self, tag: Tag) -> bool:
        """Whether the clause of a tag is told in the list: those of the article looked at, not of totals."""
        theme = next((one for one in self.pack.themes() if one.name == self.drill.theme), None)
        if not tag.reference or "." not in tag.tag:
            return False
        if tag.theme == self.drill.theme or theme is None or not theme.article:
            return True
        return tag.tag.startswith(f"{theme.article}.")

    def _link(self, path: str, key: dict[str, Any]) -> str:
        kept = [(n, v) for n, v in self.request.query_params.multi_items() if n in ("theme", "only", "reading", "pack")]
        return keep(self.request, f"{path}?{urlencode([*kept, *key.items()])}")

    def about(self) -> dict[str, Any]:
        """What the pages show of the question."""
        return {"asked": self, "pack": self.pack, "theme": self.drill.theme, "label": self.label}

    @property
    def label(self) -> Text:
        """What the theme is called."""
        found = next((theme for theme in self.pack.themes() if theme.name == self.drill.theme), None)
        return found.label if found is not None else ALL_LABEL

    def chips(self) -> list[tuple[Text, Text]]:
        """The codes the notes are limited to, in words."""
        names = {}
        if "institution" in self.drill.where:
            rows = self.reader.rows("SELECT institution_id, name FROM institution")
            names = {row["institution_id"]: row["name"] for row in rows}
        found = []
        for name, codes in self.drill.where.items():
            one = dimension(name)
            told = [one.text(code, names) for code in codes]
            found.append((one.label, Text("、".join(t.zh for t in told), ", ".join(t.en for t in told))))
        return found
