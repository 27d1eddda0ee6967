"""One LightningModule per method: the class `Method` of `methods/<name>.py`; core, clip and functional are shared."""
