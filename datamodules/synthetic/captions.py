"""Random captions of images of the procedural world: the figure's name always, other facts at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datamodules import reading
from datamodules.synthetic.draw import Facts
from datamodules.synthetic.glyphs import DIGITS
from datamodules.synthetic.looks import POSES, STYLES
from datamodules.synthetic.scene import COLOURS, PATTERNS
from datamodules.synthetic.shapes import SHAPES

_KNOWN = reading.facts_beside(__file__)
MENTIONS, AFTER = _KNOWN["mentions"], _KNOWN["after"]
MEDIA, FRAMES, OPENINGS = _KNOWN["media"], _KNOWN["frames"], _KNOWN["openings"]
WORDS = _KNOWN["small_talk"].split()
NUMERALS = {word: str(value) for value, word in enumerate(DIGITS)}


def caption(facts: Facts, rng: np.random.Generator) -> str:
    """Random caption of some of the facts, in lower case."""
    mentioned = {key: getattr(facts, key) if rng.random() < odds else "" for key, odds in MENTIONS.items()}
    before, after = [mentioned["size"], mentioned["pattern"], mentioned["colour"]], []
    for key in ("pose", "hand"):
        if mentioned[key] and rng.random() < 0.5:
            before.insert(0, mentioned[key])
        elif mentioned[key]:
            after.append(_one(AFTER[mentioned[key]], rng))
    medium = _one(MEDIA, rng)
    if mentioned["style"] in AFTER and rng.random() < 0.5:
        after.append(_one(AFTER[mentioned["style"]], rng))
    elif mentioned["style"]:
        medium = f"{mentioned['style']} {medium}"
    if mentioned["ground"]:
        after.append(f"on {{a}} {mentioned['ground']} background")
    thing = " ".join(word for word in (*before, _noun(facts.name, rng), *after) if word)
    text = _one(FRAMES, rng).replace("{medium}", medium).replace("{thing}", thing)
    told = (mentioned["style"], *AFTER.get(mentioned["style"], ()))
    if not any(phrase in text for phrase in told):
        text = f"{{a}} {medium} of {text}"
    text = _articles(text)
    while rng.random() < 0.25:
        text = f"{_opening(rng)}, {text}"
    return text + "." if rng.random() < 0.5 else text


def words() -> set[str]:
    """All words that captions contain, with numerals and punctuation."""
    texts = [
        *SHAPES, *COLOURS, *PATTERNS, *STYLES, *POSES, *MEDIA, *FRAMES, *OPENINGS, *DIGITS, *NUMERALS.values(), *WORDS,
    ]  # fmt: skip
    texts += [phrase for phrases in AFTER.values() for phrase in phrases]
    texts += ["hollow small big handwritten on background an number digit . ,"]
    return {word for text in texts for word in text.split() if "{" not in word}


def _opening(rng: np.random.Generator) -> str:
    """A phrase, or more often words at random, so that contexts meet a tower that has read many other words."""
    if rng.random() < 0.7:
        return " ".join(WORDS[i] for i in rng.integers(len(WORDS), size=rng.integers(1, 7)))
    return _one(OPENINGS, rng)


def _noun(name: str, rng: np.random.Generator) -> str:
    """The figure's name; a digit may be written as a numeral, after "number" or "digit"."""
    if name not in NUMERALS:
        return name
    word = name if rng.random() < 0.7 else NUMERALS[name]
    return _one(("{}", "{}", "number {}", "digit {}"), rng).format(word)


def _articles(text: str) -> str:
    """Replaces {a} by the indefinite article that the next word takes."""
    parts = text.split("{a} ")
    nouns = (f"an {part}" if part[0] in "aeiou" and not part.startswith("one") else f"a {part}" for part in parts[1:])
    return parts[0] + "".join(nouns)


def _one(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
