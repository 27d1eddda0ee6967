"""Oxford-IIIT Pets: 37 breeds of cats and dogs (Parkhi et al. 2012)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("Oxford-IIIT Pet", "pets")
TEMPLATE = "a photo of a {}, a type of pet."
SIZE = {"classes": 37, "tests": 3669}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="oxford_pets",
    images="images",
    split="split_zhou_OxfordPets.json",
    get="unpack images.tar.gz (robots.ox.ac.uk/~vgg/data/pets)",
)
HUB = Hub("timm/oxford-iiit-pet", label="label")
