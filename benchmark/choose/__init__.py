"""Choosing a method without clean labels: confusion of labels, trials on held-out labels, the rule, the card."""
