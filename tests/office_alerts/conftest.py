"""The office of tests/office, on every database there is."""

from office.conftest import hands, migrated, office, url

__all__ = ["hands", "migrated", "office", "url"]
