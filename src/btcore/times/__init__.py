"""Time zones, lengths of time and trading sessions."""
