"""The packs Houfeng ships: YAML only."""
