"""The frozen CLIP backbone; knows no method."""
