"""The LightningDataModule, data sets, few-shot draws, label noise and the feature bank."""
