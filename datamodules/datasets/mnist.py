"""MNIST: handwritten digits (LeCun et al. 1998)."""

from datamodules.formats.hub import Hub

TEMPLATE = 'a photo of the number: "{}".'
SOURCE = HUB = Hub("ylecun/mnist")
