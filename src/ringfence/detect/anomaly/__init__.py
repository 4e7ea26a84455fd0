"""What no rule describes: entities that behave unlike themselves, with a budget of false alarms."""
