"""Claims on relending tools and subsidies: their life, their quota, and the ledger that balances."""
