"""What may not be in a score is refused: by the times of profiles and kinds, by dates, by the list; all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from houfeng.credit.guard.times import OUTCOME, known_columns
from houfeng.credit.studies.load import load_sample
from houfeng.credit.studies.study import read_study
from houfeng.errors import InputError

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data"
PROFILE = """
profile: made-up
kind: loan
map: {note: note_no, paid_out: disbursed_on, size_of_loan: principal, gone: is_written_off}
skip:
  innocent: {zh: 事后改写, en: rewritten afterwards, known: outcome}
  asked: {zh: 申请日, en: day of application, known: asked}
  revenue: {zh: 营业收入, en: revenue, known: asked}
  mystery: {zh: 不详, en: not said}
"""
ROWS = "note,asked,paid_out,size_of_loan,gone,innocent,revenue,mystery,later,bad,a_gender\n" + "".join(
    f"N{n},2024-01-{n % 27 + 1:02},2024-02-{n % 27 + 1:02},{n * 10},{n % 2},{n % 5},{n % 7},{n % 3},2024-03-01,"
    f"{n % 4 == 0},{n % 2}\n"
    for n in range(60)
)


def study_of(folder: Path, features: str, decided: str = "asked", rows: str = "SELECT * FROM loans") -> Path:
    """A study over made-up loans with these features."""
    (folder / "loans.csv").write_text(ROWS, "utf-8")
    (folder / "profile.yaml").write_text(PROFILE, "utf-8")
    (folder / "study.yaml").write_text(
        f"study: made-up\nlabel: x\nfiles: {{loans: {{path: loans.csv, profile: profile.yaml}}}}\nrows: {rows}\n"
        f"id: note\ndecided: {decided}\noutcome: bad\nfeatures:\n{features}",
        "utf-8",
    )
    return folder / "study.yaml"


def refused(folder: Path, features: str, **kwargs: str) -> list[tuple[str, str]]:
    """(code, message) of every refusal."""
    with pytest.raises(InputError) as caught:
        load_sample(read_study(study_of(folder, features, **kwargs)), folder)
    return [(p.code, p.message.en) for p in caught.value.problems]


def test_a_field_known_with_the_outcome_is_refused_whatever_it_is_called(tmp_path: Path):
    found = refused(tmp_path, "  harmless: {value: innocent / 2}\n  revenue: {value: revenue}\n")
    assert [code for code, _ in found] == ["credit.leak"]
    assert "harmless" in found[0][1]
    assert "rewritten afterwards" in found[0][1]


def test_it_is_followed_through_the_names_the_sql_gives(tmp_path: Path):
    rows = "SELECT *, 3 * w AS z FROM (SELECT *, innocent + 1 AS w FROM loans) inner_rows"
    found = refused(tmp_path, "  fine: {value: z}\n", rows=rows)
    assert [code for code, _ in found] == ["credit.leak"]


def test_a_field_of_a_kind_is_known_when_its_row_comes_about(tmp_path: Path):
    found = refused(tmp_path, "  amount: {value: size_of_loan}\n")
    assert "known from paid_out on" in found[0][1]
    allowed = load_sample(
        read_study(study_of(tmp_path, "  amount: {value: size_of_loan}\n", decided="paid_out")), tmp_path
    )
    assert allowed.table.num_rows == 60


def test_a_field_that_changes_while_the_row_lives_is_refused(tmp_path: Path):
    found = refused(tmp_path, "  flag: {value: gone}\n", decided="paid_out")
    assert "changes while the row lives" in found[0][1]


def test_a_date_after_the_decision_is_refused_by_its_values(tmp_path: Path):
    found = refused(tmp_path, "  wait: {value: \"date_diff('day', asked, later)\"}\n")
    assert "credit.leak" in {code for code, _ in found}


def test_where_nobody_says_the_time_it_is_flagged(tmp_path: Path):
    sample = load_sample(
        read_study(study_of(tmp_path, "  odd: {value: mystery}\n  revenue: {value: revenue}\n")), tmp_path
    )
    assert [p.code for p in sample.notes] == ["credit.time_unsaid"]


def test_a_field_that_tells_the_outcome_alone_is_flagged(tmp_path: Path):
    path = study_of(tmp_path, '  copy: {value: "CASE WHEN bad THEN 9 ELSE revenue / 100 END"}\n')
    sample = load_sample(read_study(path), tmp_path)
    assert "credit.reveals" in {p.code for p in sample.notes}


def test_sensitive_fields_are_refused_by_name_column_and_label_all_at_once(tmp_path: Path):
    found = refused(
        tmp_path,
        "  plain: {value: a_gender}\n  marital: {value: revenue}\n"
        "  ok: {value: revenue, label: {zh: 法人年龄, en: x}}\n"
        "  stage: {value: revenue}\n",
    )
    assert [code for code, _ in found] == ["credit.sensitive"] * 3
    assert not any("stage" in text for _, text in found)


def test_every_problem_of_a_study_is_told_with_its_line(tmp_path: Path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "study: x\nlabel: x\nfiles: {a: b.csv}\noutcome: y\nfeatures:\n  A: {trend: sideways}\n"
        "  b: {kind: text, odd: 1}\nsettings: {binz: 3}\ntests: 1\n",
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_study(path)
    assert len(caught.value.problems) == 6
    assert {p.where.line for p in caught.value.problems} >= {6, 7, 9}


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
def test_term_of_the_real_loans_is_caught_by_its_profile(tmp_path: Path):
    known = known_columns(ROOT / "docs/profiles/sba-7a.yaml")
    assert known["Term"].since == OUTCOME
    assert known["DisbursementGross"].since == "DisbursementDate"  # by the kind's time, not by the profile
    text = (ROOT / "docs/studies/sba-7a.yaml").read_text("utf-8").replace("../profiles", str(ROOT / "docs/profiles"))
    path = tmp_path / "study.yaml"
    path.write_text(
        text.replace("features:\n", "features:\n  months: {value: Term}\n  paid: {value: DisbursementGross}\n"), "utf-8"
    )
    with pytest.raises(InputError) as caught:
        load_sample(read_study(path), DATA)
    assert [p.code for p in caught.value.problems] == ["credit.leak", "credit.leak"]
    path.write_text(text, "utf-8")
    sample = load_sample(read_study(path), DATA)
    assert not sample.notes
    assert int((~sample.labelled).sum()) > 9000


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
def test_every_study_of_the_docs_reads_and_passes_the_guard():
    for path in sorted((ROOT / "docs/studies").glob("*.yaml")):
        study = read_study(path)
        if not study.pack:
            assert load_sample(study, DATA).table.num_rows > 900
