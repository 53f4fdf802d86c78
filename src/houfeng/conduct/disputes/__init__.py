"""Disputes: an enterprise says a line is wrong, its reporter answers, the office decides, the line is marked."""
