"""Messages to the outside: put down in the transaction of what they tell of, sent by the worker."""

from houfeng.office.outbox.channels import KINDS, define
from houfeng.office.outbox.delivery import deliver
from houfeng.office.outbox.queue import Message, announce, put

__all__ = ["KINDS", "Message", "announce", "define", "deliver", "put"]
