"""What each provider's file means: one module a provider."""
