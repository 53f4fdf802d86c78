"""Windows, rules, alerts, replay."""
