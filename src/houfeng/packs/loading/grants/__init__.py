"""Reading what a policy gives: conditions, instruments, entitlements, products, and ledgers worked by hand."""
