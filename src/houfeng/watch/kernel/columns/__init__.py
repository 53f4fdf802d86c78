"""The kernel's work, column by column: a block of instants at a time, one indicator after the other.

What is known of an indicator is in registers then, its code is small and has no questions of form left to ask, and the
instants of a column do not wait for one another: while the machine fetches the memory of one it works on the next.
That is allowed because indicators share no state; each sees its keys' instants in order of time.
"""
