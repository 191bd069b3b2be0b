"""`lookahead` checks a strategy for look-ahead, `conformance` an installation with hand-made cases."""
