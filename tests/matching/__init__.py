"""The engine: what a plan keeps, what no plan can beat, and what a tutor is told."""
