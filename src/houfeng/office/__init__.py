"""Operational records: people and what they may see, jobs, approvals, notices, and the journal of who did what."""
