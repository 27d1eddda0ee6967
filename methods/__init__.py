"""The shared CLIP backbone and one LightningModule per method; `methods/<name>.py` holds the class `Method`."""
