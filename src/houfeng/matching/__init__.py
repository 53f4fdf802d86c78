"""Policy, needs and products brought together: delivery to firms, recommendation, assignment, the flow to money."""
