"""A procedural world of small captioned images, for training and testing the embedded CLIP."""
