"""The nouns of the office: people, tokens, the journal, and the worker."""
