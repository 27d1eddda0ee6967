"""Common words that say nothing about a picture, and random talk made of them."""

from __future__ import annotations

import numpy as np

_WORDS = """
able about above across act add after again age air all almost along already also always among another answer
any area arm around art ask away baby back bad bag bank bath beach bear beautiful because bed before begin
behind believe below best better between bird body book born both bread break breakfast bridge bring brother
build bus busy but buy cake call camera car care carry city clean clear clock close cloud coat coffee cold come
cook corner could country cousin cut dance daughter day dear deep dinner doctor dog door dream dress drink drive
early east easy eat egg end enough evening ever every eye face fact fall family far farm fast father few field
find finger fire floor follow food foot forest forget free friend from front fruit full funny game garden gave
get gift girl give good grass great ground grow guess had hair happy hard has have he hear heavy hello help her
hill him his hold holiday home hope hot hour how hundred hurry ice idea if inside into island job join jump just
keep kind kitchen know lady lake land language large last late laugh learn leave leg less let letter life line
listen little live long lost loud love lunch make man many map market may maybe meal mean meet milk mind minute
money month morning most mother mountain mouth move much music must name near neck need never news next noise
none north nose not nothing now ocean off office often old once only open or other our out outside own page pair
paper park part party pass past people perhaps person piece place plan plant play please pocket point poor
present pretty price pull push put queen question quick quiet quite rain read ready real remember rest rich
river road room run sad safe said salt sand saw say school sea season secret seem sell send several shall she
ship shirt shoe shop short should show sing sister sit sky sleep slow smile snow so soft son song soon sorry
sound south spring start station stay still stone stop store story street strong summer sun sure sweet swim take
talk taste teach tell than thank that their them these they thing think those thought through time tired
together tomorrow too town train travel true try uncle until us use village visit voice wait walk wall want war
wash watch water way wear weather week well went were west wet when where which while who why wife will wind
window winter wish with without woman wonder wood word work would year yes yesterday yet young your
"""
WORDS = tuple(_WORDS.split())


def small_talk(rng: np.random.Generator) -> str:
    """One to six random words."""
    return " ".join(WORDS[i] for i in rng.integers(len(WORDS), size=rng.integers(1, 7)))
