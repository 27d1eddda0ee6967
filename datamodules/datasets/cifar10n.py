"""CIFAR-10N: CIFAR-10 with the labels of three people per image (Wei et al. 2022, arXiv:2110.12088).

Labellings: aggre (majority vote), worse (a wrong label if any of the three is wrong), random1, random2, random3.
"""

from datamodules.datasets.cifar10 import HUB as CIFAR10
from datamodules.formats.cifar_n import HumanLabels

TEMPLATE = "a photo of a {}."
SIZE = {"classes": 10, "tests": 10000}
SOURCE = HumanLabels(CIFAR10, folder="cifar10n", file="CIFAR-10_human.pt")
