"""A bank, a partner and a customer, to show the whole on real processes."""
