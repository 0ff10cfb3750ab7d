"""What needs Coqui's library: an environment of its own, `make test-coqui`."""
