"""A region into which others deploy: the control plane answers, and what was deployed runs."""
