"""Check digits: the four real codes pass, and any single changed character fails."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.book.intake.identifiers import (
    ALPHABET,
    check_usccs,
    is_citizen_id,
    is_organisation_code,
    is_uscc,
    looks_like_uscc,
    names_a_firm,
    organisation_check,
    uscc_check,
)

REAL = ("91100000100003962T", "91110000802100433B", "91330100799655058B", "91440300708461136T")


@pytest.mark.parametrize("code", REAL)
def test_real_codes_pass_and_every_single_change_fails(code: str) -> None:
    changed = [
        code[:i] + c + code[i + 1 :]
        for i in range(18)
        for c in string.digits + string.ascii_uppercase + string.ascii_lowercase
        if c != code[i]
    ]
    assert len(changed) == 18 * 61
    assert is_uscc(code)
    assert check_usccs([code, *changed]).tolist() == [True] + [False] * len(changed)
    assert not any(is_uscc(text) for text in changed)


@pytest.mark.parametrize("code", REAL)
def test_the_organisation_code_inside_passes_and_its_changes_fail(code: str) -> None:
    body = code[8:17]
    assert is_organisation_code(body)
    assert is_organisation_code(f"{body[:8]}-{body[8]}")
    for i in range(9):
        for c in string.digits + string.ascii_uppercase:
            if c != body[i]:
                changed = body[:i] + c + body[i + 1 :]
                # modulus 11 cannot tell two values 11 apart; the code's own eight digits are not changed by 11
                same = i < 8 and (int(c, 36) - int(body[i], 36)) % 11 == 0
                assert is_organisation_code(changed) == same


@given(st.text(ALPHABET, min_size=8, max_size=8), st.sampled_from(["91410100", "92410100", "12410000", "Y1419001"]))
@settings(deadline=None, derandomize=True)
def test_both_roads_agree(body: str, head: str) -> None:
    first = head + body + organisation_check(body)
    good = first + uscc_check(first) if all(c in ALPHABET for c in first) else first + "0"
    texts = [good, good[:-1] + ("0" if good[-1] != "0" else "1"), body, "", "９" * 18]
    assert check_usccs(texts).tolist() == [is_uscc(text) for text in texts]
    assert is_uscc(good)


def test_citizen_numbers() -> None:
    good = "11010519491231002X"
    assert is_citizen_id(good)
    for i in range(18):
        for c in "0123456789X":
            if c != good[i]:
                assert not is_citizen_id(good[:i] + c + good[i + 1 :])
    assert not is_citizen_id("110105194913310026")
    assert check_usccs([]).tolist() == []


def test_a_citizens_number_names_no_firm() -> None:
    """Numbers of persons have the shape of a credit code; a code of digits alone that checks is a firm's."""
    assert looks_like_uscc("410101199001011236")
    assert not names_a_firm("410101199001011236")
    assert not names_a_firm("11010519491231002X")
    body = "9141010012345678"
    firm = body + organisation_check(body[8:16])
    firm += uscc_check(firm)
    assert names_a_firm(firm)
    assert names_a_firm("91410100MA3X1Y2T3P")
    assert not names_a_firm("")
