"""Electronic-structure codes: calculators, settings, checks of what they return."""
