"""Evidence for court: facts with their sources and hashes, alerts with their explanations, the journal, one ZIP."""
