"""Papers as offices circulate them: briefings and plans in GB/T 9704-2012 layout, as Word and as PDF."""
