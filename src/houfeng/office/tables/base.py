"""What all tables share: names of constraints, moments without a zone, JSON, and money that is never a float."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, MetaData, Numeric
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

FEN = Decimal("0.01")


class Moment(TypeDecorator[datetime]):
    """A moment of Asia/Shanghai without a zone, as everywhere in Houfeng. In a migration: `sa.DateTime()`."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment with a zone: somebody forgot to make it local."""
        if value is not None and value.tzinfo is not None:
            raise ValueError(f"a moment must have no zone: {value.isoformat()}")
        return value


class Money(TypeDecorator[Decimal]):
    """Yuan, exact to the fen, up to 92,233 trillion. In a migration: `sa.Numeric(20, 2)`.

    SQLite has no decimals and would make floats of them, so there the column holds whole fen. Sums and comparisons in
    SQL are right on both; only raw SQL text sees the difference, so do not write any over money.
    """

    impl = Numeric(20, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Fen on SQLite, a decimal elsewhere."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(20, 2))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | int | None:
        """Refuse floats and fractions of a fen."""
        if value is None:
            return None
        if isinstance(value, float) or value != (exact := Decimal(value).quantize(FEN)):
            raise ValueError(f"money is a Decimal of whole fen: {value!r}")
        return int(exact.scaleb(2)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | None:
        """Always a Decimal with two places."""
        if value is None:
            return None
        return Decimal(value).scaleb(-2).quantize(FEN) if dialect.name == "sqlite" else Decimal(value).quantize(FEN)


Json = JSON
"""Plain JSON. Nothing in the house asks the database to look inside."""


class Base(DeclarativeBase):
    """The root of every table of the operational records."""

    metadata = MetaData(naming_convention=NAMES)
