"""A procedural world of small captioned pictures: what the embedded CLIP is trained on and tested with."""
