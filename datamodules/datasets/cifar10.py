"""CIFAR-10: 10 classes of objects, 32 x 32 pixels (Krizhevsky 2009)."""

from datamodules.formats.hub import Hub

TEMPLATE = "a photo of a {}."
SIZE = {"classes": 10, "tests": 10000}
SOURCE = HUB = Hub("uoft-cs/cifar10")
