"""The statements behind the replay: all instants of a stretch of days, in SQL over the whole history."""
