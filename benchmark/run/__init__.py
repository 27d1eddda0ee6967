"""From packs to results on devices."""
