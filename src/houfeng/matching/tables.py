"""The tables of delivery and matching: lists of policies, chains from document to money, needs, authorisations.

Nothing is ever deleted. A list is kept as who joined it and who left it: any version can be told from one table.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from houfeng.office.tables import Base, Json, Moment, Money


class PolicyList(Base):
    """One version of the eligible list of a policy, as of a day; what it says never changes, publishing comes later."""

    __tablename__ = "policy_list"
    __table_args__ = (UniqueConstraint("policy", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(String(80))
    number: Mapped[int] = mapped_column()
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text, default="")
    document_on: Mapped[date | None] = mapped_column(Date)  # the day the policy was given, where days begin
    delivers: Mapped[str] = mapped_column(String(80), default="")  # the instrument by which the money comes
    pack: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))  # of the pack
    as_of: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime] = mapped_column(Moment)
    examined: Mapped[int] = mapped_column()
    entitled: Mapped[int] = mapped_column()
    unknown: Mapped[int] = mapped_column()
    joined: Mapped[int] = mapped_column()
    departed: Mapped[int] = mapped_column()
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(80))
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    published_by: Mapped[str] = mapped_column(String(80), default="")


class PolicyMember(Base):
    """An enterprise on a list from the version `joined_in` until before the version `left_in`."""

    __tablename__ = "policy_member"
    __table_args__ = (
        Index(None, "policy", "joined_in"),
        Index(None, "policy", "left_in"),
        Index(None, "enterprise_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(String(80))
    enterprise_id: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(6), default="")
    joined_in: Mapped[int] = mapped_column()
    joined_why: Mapped[dict[str, Any]] = mapped_column(Json)
    left_in: Mapped[int | None] = mapped_column()
    left_why: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class PolicyRecipient(Base):
    """A bank to which a published list was sent, with those of the list that are its customers."""

    __tablename__ = "policy_recipient"

    list_id: Mapped[int] = mapped_column(ForeignKey("policy_list.id"), primary_key=True)
    institution_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    members: Mapped[int] = mapped_column()
    sent_at: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    received_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class PolicyChain(Base):
    """How a policy arrives at one enterprise (or person, who is a pseudonym here): one row, one moment per link."""

    __tablename__ = "policy_chain"
    __table_args__ = (
        Index(None, "policy", "state"),
        Index(None, "subject"),
        Index(None, "institution_id", "contract_no"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    policy: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(64))
    person: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(200), default="")
    region: Mapped[str] = mapped_column(String(6), default="")
    list_number: Mapped[int] = mapped_column(default=0)
    document_on: Mapped[date | None] = mapped_column(Date)
    institution_id: Mapped[str] = mapped_column(String(60), default="")  # the bank that was chosen or has lent
    contract_no: Mapped[str] = mapped_column(String(100), default="")
    note_no: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40), default="")  # why it ended, by code
    lent: Mapped[Decimal | None] = mapped_column(Money)
    paid: Mapped[Decimal | None] = mapped_column(Money)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    received_at: Mapped[datetime | None] = mapped_column(Moment)
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    applied_at: Mapped[datetime | None] = mapped_column(Moment)
    approved_at: Mapped[datetime | None] = mapped_column(Moment)
    lent_at: Mapped[datetime | None] = mapped_column(Moment)
    claimed_at: Mapped[datetime | None] = mapped_column(Moment)
    paid_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class PolicyChainBank(Base):
    """A bank that may see a chain: the enterprise is its customer, or asked it."""

    __tablename__ = "policy_chain_bank"
    __table_args__ = (Index(None, "institution_id"),)

    chain_id: Mapped[int] = mapped_column(ForeignKey("policy_chain.id"), primary_key=True)
    institution_id: Mapped[str] = mapped_column(String(60), primary_key=True)


class PolicyChainStep(Base):
    """One link of a chain: when it happened, when it was written down, by whom."""

    __tablename__ = "policy_chain_step"
    __table_args__ = (Index(None, "chain_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("policy_chain.id"))
    step: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    who: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")


class Authorisation(Base):
    """An enterprise lets one bank read some of its data for one purpose until a day; it may take it back."""

    __tablename__ = "authorisation"
    __table_args__ = (Index(None, "enterprise_id", "institution_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(String(60))
    institution_id: Mapped[str] = mapped_column(String(60))
    data: Mapped[list[str]] = mapped_column(Json)  # names of `terms.data`
    purpose: Mapped[str] = mapped_column(String(40))
    need_id: Mapped[int | None] = mapped_column(ForeignKey("need_file.id"))
    given_at: Mapped[datetime] = mapped_column(Moment)
    given_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    ends_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    revoked_why: Mapped[str] = mapped_column(Text, default="")


class NeedFile(Base):
    """A financing need of an enterprise on its way to money. `consent` is what it lets recommended banks read."""

    __tablename__ = "need_file"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        Index(None, "state"),
        Index(None, "enterprise_id"),
        Index(None, "book_no"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    year: Mapped[int] = mapped_column()
    serial: Mapped[int] = mapped_column()
    book_no: Mapped[str] = mapped_column(String(60), default="")  # of the need in the book it was taken from
    enterprise_id: Mapped[str] = mapped_column(String(60))
    enterprise_name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(6), default="")
    amount: Mapped[Decimal] = mapped_column(Money)
    term_months: Mapped[int] = mapped_column()
    use: Mapped[str] = mapped_column(Text)
    guarantee: Mapped[str] = mapped_column(String(10), default="")
    deadline: Mapped[date] = mapped_column(Date)
    contact: Mapped[str] = mapped_column(String(200), default="")  # confidential: for authorised banks
    policy: Mapped[str] = mapped_column(String(80), default="")
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("policy_chain.id"))
    consent: Mapped[dict[str, Any]] = mapped_column(Json)
    first_time: Mapped[bool | None] = mapped_column()  # no loan in the book before; None where nobody looked
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    recommended_at: Mapped[datetime | None] = mapped_column(Moment)
    disbursed_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def number(self) -> str:
        """The number people call the need by."""
        return f"需〔{self.year}〕{self.serial}号"

    @property
    def called(self) -> str:
        """What a run of matching calls it: the number of the need in the book, or else its own."""
        return self.book_no or self.number


class NeedOffer(Base):
    """A need recommended to one bank for one product, and what the bank said."""

    __tablename__ = "need_offer"
    __table_args__ = (
        UniqueConstraint("need_id", "institution_id", "product"),
        Index(None, "institution_id", "state"),
        Index(None, "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    need_id: Mapped[int] = mapped_column(ForeignKey("need_file.id"))
    institution_id: Mapped[str] = mapped_column(String(60))
    institution_name: Mapped[str] = mapped_column(String(200), default="")
    product: Mapped[str] = mapped_column(String(80))
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    rank: Mapped[int] = mapped_column()
    cost: Mapped[Decimal | None] = mapped_column(Numeric(10, 5))  # percent a year, all in
    chance: Mapped[float | None] = mapped_column()
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(20))
    sent_at: Mapped[datetime] = mapped_column(Moment)
    due_on: Mapped[date | None] = mapped_column(Date)  # of the bank's next step
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    contacted_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    disbursed_at: Mapped[datetime | None] = mapped_column(Moment)
    escalated_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    amount: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 5))
    term_months: Mapped[int | None] = mapped_column()
    reason: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    contract_no: Mapped[str] = mapped_column(String(100), default="")
    note_no: Mapped[str] = mapped_column(String(100), default="")
    confirmed: Mapped[bool | None] = mapped_column()  # whether the book has the loan; None until somebody looked
    tool: Mapped[str] = mapped_column(String(80), default="")  # the tool its price rests on, and of its quota
    quota: Mapped[Decimal | None] = mapped_column(Money)  # so much


class NeedStep(Base):
    """One step of a need or of one of its offers."""

    __tablename__ = "need_step"
    __table_args__ = (Index(None, "need_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("need_file.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("need_offer.id"))
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Moment)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    who: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    journal_seq: Mapped[int] = mapped_column()


class NeedReminder(Base):
    """A deadline of an offer somebody was told of, so that it is told once."""

    __tablename__ = "need_reminder"

    offer_id: Mapped[int] = mapped_column(ForeignKey("need_offer.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    due_on: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


class EntryLink(Base):
    """A link that lets the people of one enterprise in, once and for a short time. Only its hash is kept."""

    __tablename__ = "entry_link"
    __table_args__ = (Index(None, "enterprise_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    enterprise_id: Mapped[str] = mapped_column(String(60))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(80))
    ends_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    used_from: Mapped[str] = mapped_column(String(60), default="")
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # taken back before it was used
