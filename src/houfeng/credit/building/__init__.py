"""Building a model from a study: fitted in a process of its own, calibrated, measured on rows it has not seen."""
