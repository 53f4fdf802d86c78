"""Who signs in: accounts, passwords, sessions, tokens, OIDC and a trusted gateway."""
