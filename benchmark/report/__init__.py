"""From records to something one reads; imports no torch."""
