"""Made-up traffic with its ground truth: what customers, partners and attackers do, told as events."""
