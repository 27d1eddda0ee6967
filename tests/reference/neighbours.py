"""Nearest class means and nearest neighbours, one image after the other (1703.05175, 2408.14358)."""

from __future__ import annotations

import math


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def class_means(features: list[list[float]], labels: list[int], classes: int) -> list[list[float]]:
    """The unit means of each class, 0 for a class without images."""
    means = []
    for c in range(classes):
        own = [feature for feature, label in zip(features, labels, strict=True) if label == c]
        total = [sum(values) for values in zip(*own, strict=True)] if own else [0.0] * len(features[0])
        length = math.sqrt(dot(total, total))
        means.append([value / length for value in total] if length else total)
    return means


def knn_shares(features: list[list[float]], labels: list[int], query: list[float], k: int, classes: int) -> list[float]:
    """Each class's share of the votes of the k most similar images."""
    ranked = sorted(
        ((dot(feature, query), label) for feature, label in zip(features, labels, strict=True)), reverse=True
    )
    votes = [0.0] * classes
    for similarity, label in ranked[:k]:
        votes[label] += max(0.0, similarity)
    return [vote / sum(votes) for vote in votes]


class Wann:
    """The released code's reading: standardised features, Euclidean distances."""

    def __init__(self, features: list[list[float]], labels: list[int], classes: int, k_min: int, k_max: int) -> None:
        columns = list(zip(*features, strict=True))
        self.mean = [sum(column) / len(column) for column in columns]
        self.deviation = [
            math.sqrt(sum((x - mean) ** 2 for x in column) / len(column))
            for column, mean in zip(columns, self.mean, strict=True)
        ]
        self.images = [self.scaled(feature) for feature in features]
        self.labels, self.classes, self.k_max = labels, classes, k_max
        self.needed = []
        for image, label in enumerate(labels):
            others = [i for i in self.ranked(self.images[image]) if i != image]
            self.needed.append(k_max)
            for k in range(k_min, min(k_max, len(others) + 1), 2):
                votes = [sum(labels[i] == c for i in others[:k]) for c in range(classes)]
                if votes.index(max(votes)) == label:
                    self.needed[-1] = k
                    break

    def scaled(self, feature: list[float]) -> list[float]:
        return [(x - m) / d for x, m, d in zip(feature, self.mean, self.deviation, strict=True)]

    def ranked(self, query: list[float]) -> list[int]:
        return sorted(range(len(self.images)), key=lambda i: math.dist(self.images[i], query))

    def shares(self, query: list[float]) -> list[float]:
        """Each class's share of the votes."""
        order = self.ranked(self.scaled(query))
        votes = [0.0] * self.classes
        for i in order[: self.needed[order[0]]]:
            votes[self.labels[i]] += 1 / self.needed[i]
        return [vote / sum(votes) for vote in votes]
