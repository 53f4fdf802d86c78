"""Who stands surety for whom: circles, mutual pairs, chains, joint groups, and the firms everything hangs on."""
