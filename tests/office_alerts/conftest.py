"""The office of tests/office, on every database there is."""

from office.conftest import cheap_hashes, hands, migrated, office, url

__all__ = ["cheap_hashes", "hands", "migrated", "office", "url"]
