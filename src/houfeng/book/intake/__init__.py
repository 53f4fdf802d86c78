"""Intake: from a file somebody sent to checked, typed drafts, with everything that was guessed said."""

from houfeng.book.intake.answers import Answers, Intake, Question
from houfeng.book.intake.intake import prepare

__all__ = ["Answers", "Intake", "Question", "prepare"]
