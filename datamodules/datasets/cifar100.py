"""CIFAR-100: 100 classes of objects, 32 x 32 pixels (Krizhevsky 2009)."""

from datamodules.formats.hub import Hub

TEMPLATE = "a photo of a {}."
SOURCE = HUB = Hub("uoft-cs/cifar100", label="fine_label")
