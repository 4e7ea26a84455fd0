"""A demonstration that needs nothing else: a bank, two partners, a customer, and the story of a payment."""
