"""Charts as plain ECharts options, made in Python so that they can be tested."""
