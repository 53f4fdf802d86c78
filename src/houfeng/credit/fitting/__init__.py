"""Fitting, in a process of its own: `python -m houfeng.credit.fitting FOLDER`.

optbinning brings OR-tools with it, which must never share a process with HiGHS. Nothing outside this folder's child
modules imports optbinning, scikit-learn or LightGBM; `child` starts the process and speaks to it by files.
"""
