"""The command line: `houfeng <noun> <verb>`, one file per noun."""
