"""Is something in front of the mouth? Learnt from drawn people and made-up obstacles."""
