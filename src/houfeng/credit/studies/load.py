"""From a study to its rows, past the guard: sensitive fields and fields known too late are refused, all at once."""

from __future__ import annotations

from pathlib import Path

from houfeng.credit.guard.leaks import later_known, revealing
from houfeng.credit.guard.sensitive import sensitive
from houfeng.credit.studies.sample import Sample, columns_of, connection_of, read_rows
from houfeng.credit.studies.study import Study
from houfeng.errors import InputError, Level, Problem, Text
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack

POLICY = "credit-policy"


def load_sample(study: Study, data: Path, policy: Pack | None = None) -> Sample:
    """The rows of a study over files below `data`.

    Raises:
        UsageError: a file is not there.
        InputError: an expression is wrong, or the guard refuses a field; every refusal is told.
    """
    policy = policy or load_pack(POLICY)
    columns = columns_of(study)
    refused = sensitive(policy, study.features, columns)
    connection = connection_of(study, data)
    try:
        problems = [*refused, *later_known(study, columns, connection)]
        refuse(problems)
        table = read_rows(study, connection)
    finally:
        connection.close()
    sample = Sample(study, table, columns)
    notes = [p for p in problems if p.level is not Level.ERROR] + revealing(sample, reveals_at(policy))
    return Sample(study, table, columns, tuple(notes))


def reveals_at(policy: Pack) -> float:
    """The AUC at which one field is suspected, as the policy says today."""
    return float(policy.parameters["reveals_auc"].values[-1].value)


def refuse(problems: list[Problem]) -> None:
    """Stop at errors.

    Raises:
        InputError: there is one.
    """
    errors = [problem for problem in problems if problem.level is Level.ERROR]
    if errors:
        raise InputError(
            Text(f"{len(errors)} 个字段不得进入评分", f"{len(errors)} fields may not be in a score"), errors
        )
