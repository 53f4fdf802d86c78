"""The tables of the office: what the desk must remember besides the book.

Other rooms define their own tables on `Base`; every table is made by a migration, never by `create_all`.
"""

from houfeng.office.tables.base import Base, Json, Moment, Money
from houfeng.office.tables.messages import Channel, Notice, OutboxMessage
from houfeng.office.tables.people import ApiToken, SignInFlow, User, UserRole, UserSession
from houfeng.office.tables.records import Approval, JournalEntry, SettingValue
from houfeng.office.tables.work import Job, Schedule

__all__ = [
    "ApiToken",
    "Approval",
    "Base",
    "Channel",
    "Job",
    "JournalEntry",
    "Json",
    "Moment",
    "Money",
    "Notice",
    "OutboxMessage",
    "Schedule",
    "SettingValue",
    "SignInFlow",
    "User",
    "UserRole",
    "UserSession",
]
