"""Lists: what is asked of one (filters, order, page), what comes back, and giving all of it out as a file."""

from houfeng_desk.lists.asking import Choice, Column, Filter, Listing, ListRequest, Streamed
from houfeng_desk.lists.export import export

__all__ = ["Choice", "Column", "Filter", "ListRequest", "Listing", "Streamed", "export"]
