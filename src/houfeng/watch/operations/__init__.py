"""Between an alert and the people: the life of rules, silences, budgets, the kill switch, commands, status."""
