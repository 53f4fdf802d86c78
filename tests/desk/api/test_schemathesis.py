"""Schemathesis against the OpenAPI document: whatever is sent, by whoever, no 5xx and no answer that is not as the
document says. Every run sends the same; HOUFENG_NIGHTLY=1 sends far more."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.desk_samples import PEOPLE, DeskClient, Hands, make_app
from desk.lived_samples import Lived, live
from houfeng.office.identity.people import find
from houfeng_desk.api.document import document
from houfeng_desk.app import DeskApp

NIGHTLY = os.environ.get("HOUFENG_NIGHTLY") == "1"
EXAMPLES = int(os.environ.get("HOUFENG_EXAMPLES", "0")) or (250 if NIGHTLY else 4)
"""Requests of each kind for each operation; people take turns, at night everybody sends each."""
WHO = tuple(PEOPLE) if NIGHTLY else ("officer", "approver", "reporter", "luoyang", "security_admin", "audit_admin")
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]
TURNS = {one.label: number for number, one in enumerate(OPERATIONS)}
"""Whose turn is first by day: for each operation another's, and for wrong requests who came not in right ones."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
MODES = {"good": GenerationMode.POSITIVE, "bad": GenerationMode.NEGATIVE}


@pytest.fixture(scope="module")
def lived(small_book: Path, peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DeskApp, Lived]]:
    """A desk in which something has happened; what these requests do to it does not matter to anybody else."""
    folder = tmp_path_factory.mktemp("schemathesis")
    shutil.copytree(small_book, folder / "book")
    shutil.copy(peopled, folder / "office.db")
    app = make_app(folder / "book", folder / "office.db", Ticking(), work_folder=folder / "work")
    found = live(app)
    yield app, found
    app.state.work.figures.close()
    app.state.desk.close()
    app.state.desk.office.close()


class Ticking(Hands):
    """A clock on which every look is a second later: the limits of the API are tested elsewhere."""

    def __call__(self) -> object:  # type: ignore[override]
        self.forward(seconds=1)
        return self.now


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.definition.raw["operationId"])
def test_whatever_is_sent(lived: tuple[DeskApp, Lived], operation: schemathesis.APIOperation, mode: str) -> None:
    """No 5xx; the status, the headers and the body are those of the document."""
    app, found = lived
    try:
        strategy = operation.as_strategy(generation_mode=MODES[mode])
    except Exception as error:
        if "negative" in str(error).lower():
            pytest.skip("nothing about this operation can be wrong")
        raise
    _let_in(app)
    browsers: dict[str, DeskClient] = {}
    first = TURNS[operation.label] + (EXAMPLES if mode == "bad" else 0)
    turns = islice(cycle(WHO), first % len(WHO), None)

    @seed(20261122)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate] if not NIGHTLY else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Case) -> None:
        for login in WHO if NIGHTLY else (next(turns),):
            if login not in browsers:
                browsers[login] = DeskClient(app, raise_server_exceptions=False).enter(login).marked()
            _send(browsers[login], case, found)

    run()


def _let_in(app: DeskApp) -> None:
    """Let everybody in again whom an operation before this one has locked out, switched off or given a new password."""
    with app.state.desk.office.begin() as session:
        for login in WHO:
            user = find(session, login)
            user.active, user.must_change, user.locked_until = True, False, None


def _send(browser: DeskClient, case: Case, found: Lived) -> None:
    """As it was made, and about something that there is."""
    for ids in (None, found.other) if case.path_parameters else (None,):
        if ids is not None:
            known = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
            case.path_parameters = known
        sent = case.as_transport_kwargs(base_url="http://testserver")
        sent = {name: value for name, value in sent.items() if value is not None and name != "cookies"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = browser.request(**_as_httpx(sent))
        answer.request.read()  # files go out as a stream, and the check looks at what was sent
        case.validate_response(answer, checks=CHECKS)


def _as_httpx(sent: dict[str, object]) -> dict[str, object]:
    headers = sent.pop("headers", None)
    kept = {name: value for name, value in dict(headers or {}).items() if name.lower() not in ("user-agent",)}
    if isinstance(sent.get("files"), list):
        sent["files"] = [(name, _part(given)) for name, given in sent["files"]]
    return {**sent, "headers": kept}


def _part(given: object) -> object:
    """A part of a form: httpx takes text and bytes, and a name before them, but no numbers."""
    if isinstance(given, tuple):
        return (*given[:1], *(_part(one) for one in given[1:2]), *given[2:])
    return given if isinstance(given, str | bytes) or given is None else str(given)
