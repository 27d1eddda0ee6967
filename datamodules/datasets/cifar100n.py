"""CIFAR-100N: CIFAR-100 with one human label per image, the labelling `noisy` (Wei et al. 2022, arXiv:2110.12088)."""

from datamodules.datasets.cifar100 import HUB as CIFAR100
from datamodules.formats.cifar_n import HumanLabels

TEMPLATE = "a photo of a {}."
SIZE = {"classes": 100, "tests": 10000}
SOURCE = HumanLabels(CIFAR100, folder="cifar100n", file="CIFAR-100_human.pt")
