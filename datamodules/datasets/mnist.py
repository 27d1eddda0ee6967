"""MNIST: handwritten digits (LeCun et al. 1998)."""

from datamodules.formats.hub import Hub

TEMPLATE = 'a photo of the number: "{}".'
SIZE = {"classes": 10, "tests": 10000}
SOURCE = HUB = Hub("ylecun/mnist")
