"""CIFAR-100: 100 classes of objects, 32 x 32 pixels (Krizhevsky 2009)."""

from datamodules.formats.hub import Hub

TEMPLATE = "a photo of a {}."
SIZE = {"classes": 100, "tests": 10000}
SOURCE = HUB = Hub("uoft-cs/cifar100", label="fine_label")
