"""What each provider's file means; one module or folder a provider.

Each has a function ``find(delivery)`` that returns the scenes it recognises by their names; nothing is opened before
one of them is wanted.
"""
