"""Scorecards and models of default: trained, validated, explained, watched for drift."""
