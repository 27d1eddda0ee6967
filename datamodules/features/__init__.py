"""From images to features: preprocessing, augmented views, and the feature bank with its shards."""
