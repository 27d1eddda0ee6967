"""From picture to feature: the bank, its shards, augmented views."""
