"""The page of one enterprise: every tab, inside the scope, as known at a moment."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from desk.desk_samples import BANK, ClientOf, viewer
from houfeng.book.connection import connect
from houfeng.packs.loading.load import load_pack
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.queries.enterprise import identity, indicators, lending, links, listing, moments, risk, story, words
from houfeng_desk.queries.enterprise.firm import Firm, firm_of
from houfeng_desk.reader import Reader

TABS = ("overview", "loans", "indicators", "alerts", "links", "records", "finance", "known", "story")
OWING = (
    "SELECT borrower_id FROM loan_balance WHERE overdue_days > 0"
    " AND borrower_id IN (SELECT enterprise_id FROM enterprise)"
    " GROUP BY 1 ORDER BY sum(balance) DESC LIMIT 1"
)


@pytest.fixture
def app(read_app: DeskApp) -> DeskApp:
    """Nothing here changes the desk: one serves all tests."""
    return read_app


@pytest.fixture
def reader(desk: Desk) -> Reader:
    return desk.reader(viewer(desk, "officer"))


@pytest.fixture
def firm(reader: Reader) -> Firm:
    """A firm that is overdue."""
    return firm_of(reader, reader.value(OWING))


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", html, flags=re.S)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_tab(client: ClientOf, firm: Firm, lang: str) -> None:
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    for tab in TABS:
        answer = officer.get(f"/enterprises/{firm.id}?tab={tab}")
        assert answer.status_code == 200, tab
        assert f'tab={tab}" aria-current="page"' in answer.text or tab == "overview"
    assert officer.get(f"/enterprises/{firm.id}?tab=nothing").status_code == 404
    for group in ("composite", "legal", "nothing"):
        asked = officer.get(f"/enterprises/{firm.id}?tab=indicators&group={group}")
        assert asked.status_code == (404 if group == "nothing" else 200)


def test_unknown_and_out_of_scope_say_the_same(client: ClientOf, desk: Desk, firm: Firm) -> None:
    elsewhere = desk.reader(viewer(desk, "officer")).value(
        "SELECT enterprise_id FROM enterprise WHERE region NOT LIKE '4103%' ORDER BY 1 LIMIT 1"
    )
    luoyang = client("luoyang")
    answers = [luoyang.get(f"/enterprises/{one}") for one in (elsewhere, "91410000NOSUCHFIRM", "x' OR '1'='1")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    told = {text_of(a.text.split('id="main"')[1].split("<footer")[0]).split("404")[0] for a in answers}
    assert len({re.sub(r"/enterprises/\S+.*", "", one) for one in told}) == 1
    assert luoyang.get(f"/enterprises/{elsewhere}/loans/export").status_code == 404


def test_a_bank_sees_its_own_loans_only(desk: Desk) -> None:
    everything = desk.reader(viewer(desk, "officer"))
    shared = everything.value(
        "SELECT borrower_id FROM loan_balance WHERE balance > 0 GROUP BY 1 HAVING count(DISTINCT institution_id) > 1"
        f" AND bool_or(institution_id = '{BANK}') ORDER BY 1 LIMIT 1"
    )
    own = desk.reader(viewer(desk, "reporter"))
    firm, whole = firm_of(own, shared), firm_of(everything, shared)
    pack = load_pack("five-articles")
    assert {note.row["institution_id"] for note in lending.notes(own, firm, pack)} == {BANK}
    assert len({note.row["institution_id"] for note in lending.notes(everything, whole, pack)}) > 1
    assert lending.summary(firm, own.as_of)["balance"] < lending.summary(whole, own.as_of)["balance"]
    assert [bank for bank, _, _ in lending.exposure(own, firm).banks] == [BANK]
    with desk.office.read() as session:
        assert story.firm_alerts(session, own, firm) == []


def test_what_a_firm_owes_is_what_the_book_adds_up(reader: Reader, firm: Firm) -> None:
    owed = reader.one(
        "SELECT coalesce(sum(balance_cny), 0) AS balance, count(DISTINCT institution_id) AS banks, count(*) AS notes,"
        " coalesce(sum(balance_cny) FILTER (WHERE overdue_days > 0 OR loan_status = 'LS03'), 0) AS overdue,"
        " max(overdue_days) AS days, max(quality) AS quality, max(period) AS period"
        " FROM loan_balance WHERE borrower_id = ? AND balance > 0",
        [firm.id],
    )
    assert lending.summary(firm, reader.as_of) == owed
    of_month = "SELECT institution_id, sum(balance_cny) AS amount FROM ({}) WHERE borrower_id = ? GROUP BY 1"
    exposure = lending.exposure(reader, firm)
    assert len(exposure.months) == 2
    for place, month in enumerate(exposure.months):
        rows = reader.views.select("loan_balance", as_of=month, exact=True)
        with connect() as connection:
            wanted = dict(connection.execute(of_month.format(rows), [firm.id]).fetchall())
        assert {bank: values[place] for bank, _, values in exposure.banks if values[place] is not None} == wanted
        assert exposure.totals[place] == sum(wanted.values())


def test_tags_are_those_of_the_statistics(reader: Reader, firm: Firm) -> None:
    """The tags of a firm's notes come from its own few rows; they are those of the statement over the whole book."""
    from houfeng.themes.tagging import compile_tagging

    pack = load_pack("five-articles")
    tagging = compile_tagging(reader.views, pack, reader.as_of, reader.known_at.date())
    cursor = connect().execute(f"SELECT * FROM ({tagging.statement.sql}) WHERE borrower_id = ?", [firm.id])
    columns = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    expected = {row["note_no"]: {t.name for t in tagging.themes if row[t.name]} for row in rows}
    found = {
        note.row["note_no"]: {tag.theme for tag in note.tags if tag.holds} for note in lending.notes(reader, firm, pack)
    }
    assert found == {note: themes for note, themes in expected.items() if note in found}
    assert found


def judged_and_stated(reader: Reader, firm: Firm) -> tuple[lending.Tags, lending.Tags]:
    """The tags of a firm's notes of the day looked at, by both ways."""
    pack, day, known = load_pack("five-articles"), reader.as_of, reader.known_at.date()
    rows = [note.row for note in lending.notes(reader, firm, pack) if note.row["period"] == day]
    judged = lending.judged_tags(firm, pack, rows, day, known)
    stated = lending.stated_tags(firm, pack, day, known)
    assert judged is not None
    return judged, {key: tags for key, tags in stated.items() if key in judged}


def test_notes_judged_by_themselves_carry_what_the_statement_gives(reader: Reader) -> None:
    """The few notes of a firm are judged by the evaluator, the many of a month by SQL: they say the same."""
    rows = reader.rows("SELECT borrower_id AS firm FROM loan_balance GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 8")
    themes: set[str] = set()
    for row in rows:
        judged, stated = judged_and_stated(reader, Firm(reader, row["firm"]))
        assert judged == stated
        assert judged
        themes |= {tag.theme for tags in judged.values() for tag in tags}
    assert len(themes) >= 20


def test_an_exception_is_told_by_both(reader: Reader) -> None:
    """A sole trader recognised as a high-tech enterprise: the theme holds but for its exception."""
    status = "SELECT enterprise_id FROM enterprise_status WHERE status = 'hnte'"
    found = reader.value(f"SELECT borrower_id FROM loan_balance WHERE borrower_id IN ({status}) ORDER BY 1 LIMIT 1")
    firm, day = Firm(reader, found), reader.as_of
    for kind in ("loan_balance", "loan", "enterprise", "enterprise_status", "credit_line"):
        firm.select(kind, as_of=day)
    for kind in ("loan", "enterprise"):
        firm.connection.execute(f"UPDATE \"{kind} {day}\" SET borrower_class = 'individual_business'")
    judged, stated = judged_and_stated(reader, firm)
    assert judged == stated
    (tag,) = {tag for tags in judged.values() for tag in tags if tag.exceptions}
    assert (tag.theme, tag.holds, [text.en for text in tag.exceptions]) == (
        "tech_hnte", False, ["individual businesses do not count"],
    )  # fmt: skip


def test_many_notes_are_tagged_by_the_statement(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    pack, found = load_pack("five-articles"), reader.value(OWING)
    few = lending.notes(reader, Firm(reader, found), pack)
    monkeypatch.setattr(lending, "FEW", 0)
    monkeypatch.setattr(lending, "judged_tags", None)  # nothing asks for it
    assert lending.notes(reader, Firm(reader, found), pack) == few


def test_the_index_is_explained_as_from_the_rows_where_they_stand(reader: Reader, firm: Firm) -> None:
    pack = load_pack("warning-rules")
    found, fetched = risk._explanation(reader, firm, pack), risk._fetched(reader, firm, pack)
    assert found is not None
    assert found == fetched


def test_indicators_and_index_are_those_of_the_whole_book(reader: Reader, firm: Firm) -> None:
    from houfeng.book.connection import connect
    from houfeng.packs.roads.compile import Compiler
    from houfeng.packs.roads.sql import literal

    pack = load_pack("warning-rules")
    names = ["overdue_days_max", "lenders", "risk_index", "enforcement_365d_amount", "inflow_90d"]
    names = [name for name in names if ("enterprise", name) in pack.items]
    for day in (date(2025, 11, 30), date(2025, 12, 31)):
        where = f"enterprise_id = {literal(firm.id)}"
        statement = Compiler(pack, reader.views, day, day).statement("enterprise", names, where=where, bits=False)
        whole = connect().execute(f"SELECT {', '.join(names)} FROM ({statement.sql})").fetchall()
        (own,) = indicators.values(firm, pack, names, [day])
        assert whole == [tuple(own[name] for name in names)]
    found = risk.risk(reader, firm, pack)
    assert found is not None
    assert found.value == own["risk_index"]
    assert found.made_of is not None


def test_a_threshold_is_that_of_its_rule(reader: Reader, firm: Firm) -> None:
    pack = load_pack("warning-rules")
    series = {one.name: one for one in indicators.indicators(reader, firm, pack, "repayment").watched}
    limit = next(t for t in series["overdue_days_max"].thresholds if t.rule_id == "P02")
    month = pack.parameters["overdue_days_month"].values[0].value
    assert (limit.sign, limit.tier, limit.values[-1]) == (">", "orange", month)
    last = len(limit.values) - 1
    assert limit.crossed(limit.values[last] + 1, last)
    assert not limit.crossed(limit.values[last], last)
    assert not limit.crossed(None, last)


def test_a_past_view_never_changes_and_says_what_was_learned_since(desk: Desk, firm: Firm) -> None:
    then = datetime(2026, 1, 7)
    officer = viewer(desk, "officer")
    before, now = desk.reader(officer, date(2025, 12, 31), then), desk.reader(officer, date(2025, 12, 31))
    early = firm_of(before, firm.id)
    assert {row["period"] for row in early.of("loan_balance", as_of=before.as_of)} == {date(2025, 11, 30)}
    told = moments.differences(now, early, firm_of(now, firm.id))
    assert {"loan_balance"} <= {one.kind for one in told}
    assert all(moment.at <= then for moment in moments.moments(before, early))
    assert moments.differences(now, firm_of(now, firm.id), firm_of(now, firm.id)) == []


def test_known_at_in_the_address(client: ClientOf, firm: Firm) -> None:
    officer = client("officer")
    page = officer.get(f"/enterprises/{firm.id}?tab=loans&known_at=2026-01-07")
    assert "2025-11-30" in page.text
    assert "known_at=2026-01-07" in page.text
    compared = officer.get(f"/enterprises/{firm.id}?tab=known&since=2026-01-07T00:00")
    assert compared.status_code == 200
    turned = officer.get(f"/enterprises/{firm.id}?tab=known&known_at=2026-01-07&since=2026-01-30T00:00")
    assert turned.status_code == 400


def test_why_a_note_carries_a_tag(client: ClientOf, reader: Reader, firm: Firm) -> None:
    note = lending.notes(reader, firm, load_pack("five-articles"))[0]
    officer = client("officer")
    page = officer.get(f"/enterprises/{firm.id}", params={"tab": "loans", "note": note.key, "theme": "inclusive"})
    assert 'id="why"' in page.text
    for wrong in ({"note": note.key, "theme": "nothing"}, {"note": "a/b/c", "theme": "tech"}):
        assert officer.get(f"/enterprises/{firm.id}", params={"tab": "loans", **wrong}).status_code == 404


def test_persons_are_masked_by_role(desk: Desk) -> None:
    officer, analyst = viewer(desk, "officer"), viewer(desk, "analyst")
    reader = desk.reader(analyst)
    held = reader.value("SELECT enterprise_id FROM holding WHERE holder_kind = 'person' ORDER BY 1 LIMIT 1")
    holder = links.links(reader, firm_of(reader, held)).holders[0].party
    assert holder.person
    assert "*" in holder.shown_id
    assert holder.name.endswith(words.HIDDEN)
    seen = links.links(desk.reader(officer), firm_of(desk.reader(officer), held)).holders[0].party
    assert seen.shown_id == seen.id
    assert words.masked_id("91410100MB0000000W", shown=False) == "91410100MB0000000W"
    facts = {fact.name: str(fact.value) for fact in identity.identity(reader, firm_of(reader, held)).facts}
    assert "*" in facts["legal_representative_id"]


def test_search_finds_by_name_and_code(client: ClientOf, reader: Reader, firm: Firm) -> None:
    name = identity.identity(reader, firm).name
    assert listing.search(reader, firm.id.lower())[0]["enterprise_id"] == firm.id
    assert firm.id in [row["enterprise_id"] for row in listing.search(reader, name[2:])]
    assert listing.search(reader, "a") == []
    answer = client("officer").get("/search", params={"q": firm.id})
    assert answer.headers["location"] == f"/enterprises/{firm.id}"


def test_a_code_of_digits_alone_is_a_text(client: ClientOf) -> None:
    """Numbers in an address are bounded; codes are not numbers. Both answer that there is no such thing, in words."""
    officer = client("officer")
    firm = officer.get("/enterprises/924100000000000000")
    assert firm.status_code == 404
    assert "没有这家企业" in firm.text
    assert "没有这个页面" in officer.get("/cases/924100000000000000").text
