"""Linear heads and detectors of wrong labels as scikit-learn estimators, on features [n, E] of any frozen model.

>>> import numpy as np
>>> X, y = np.eye(4).repeat(5, 0), np.array(["ant", "bee", "cat", "dog"]).repeat(5)
>>> FeatureClassifier("class_means").fit(X, y).predict(X[:6]).tolist()
['ant', 'ant', 'ant', 'ant', 'ant', 'bee']
"""

from __future__ import annotations

import hashlib
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y

import promptnoise as promptnoise  # says first which folder is in the way

# isort: split
from benchmark.audit import detectors
from benchmark.audit.doubtful import Doubtful
from benchmark.audit.doubtful_training import Setting, train
from benchmark.audit.sample import Sample
from benchmark.plan.method_spec import parse_method
from datamodules.encoded import Outputs, Rows, normalised
from datamodules.features.bank import FeatureBank
from methods.clip.precomputed import Precomputed

Floats = NDArray[np.float32]


class _OnFeatures(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    def _encoded(self, X: ArrayLike, y: ArrayLike) -> tuple[Precomputed, Doubtful]:
        """The model behind the features, and the images [n] with their labels as class numbers."""
        features, given = check_X_y(X, y, dtype=np.float32)
        check_classification_targets(given)
        self.classes_, labels = np.unique(given, return_inverse=True)
        self.n_features_in_ = features.shape[1]
        names = tuple(map(str, self.classes_))
        if len(names) < 2:
            raise ValueError(f"one class only, {names[0]}; there is nothing to tell apart")
        texts = None
        if self.text_features is not None:
            texts = check_array(self.text_features, dtype=np.float32)[None]
            if texts.shape[1:] != (len(names), features.shape[1]):
                raise ValueError(f"text_features is {texts.shape[1:]}, should be {(len(names), features.shape[1])}")
        digest = hashlib.sha256(features.tobytes() + (b"" if texts is None else texts.tobytes())).hexdigest()
        outputs = Outputs(f"features@{digest[:12]}", digest, features.shape[1], self.scale, names, texts)
        files = tuple(map(str, range(len(features))))
        images = Rows(outputs, "train", features)
        return Precomputed(outputs), Doubtful("features", images, files, labels.astype(np.int64), names, names, "{}")


class FeatureClassifier(ClassifierMixin, _OnFeatures):  # type: ignore[misc]
    """A linear head by its name and options, such as `linear_probe[loss=gce]` or `em_means[teacher=names]`.

    `text_features` [C, E] are those of the class names, in the order of sorted classes, which most methods need, and
    `scale` is the model's logit scale. `recipe` is a training recipe, `auto` the method's own. `fit` raises
    `promptnoise.UserError` for methods that are not linear in the features or need what is not there.
    """

    def __init__(
        self, method: str = "linear_probe[init=random]", text_features: ArrayLike | None = None, scale: float = 100.0,
        recipe: str = "auto", seed: int = 1,
    ) -> None:  # fmt: skip
        self.method, self.text_features, self.scale, self.recipe, self.seed = method, text_features, scale, recipe, seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Trains on features [n, E] of any length and labels [n] of any type; `weights_` [C, E] is what was learned."""
        model, data = self._encoded(X, y)
        setting, name = Setting(data, model, FeatureBank(model), self.recipe), parse_method(self.method).name
        self.weights_: Floats = train(setting, [name], [self.seed], 0.0, lambda: None).weights[name][0].numpy()
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probabilities [n, C] of `classes_`."""
        check_is_fitted(self)
        features, width = check_array(X, dtype=np.float32), self.n_features_in_
        if features.shape[1] != width:
            raise ValueError(
                f"X has {features.shape[1]} features, but {type(self).__name__} is expecting {width} features as input"
            )
        logits = torch.from_numpy(self.scale * normalised(features, np.arange(len(features))) @ self.weights_.T)
        return logits.softmax(1).numpy()

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likeliest class [n]."""
        best = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[best])


class LabelQuality(_OnFeatures):
    """A detector of wrong labels by its name, as `promptnoise detect` compares them; the parameters as above."""

    def __init__(
        self, detector: str = "joint", text_features: ArrayLike | None = None, scale: float = 100.0, seed: int = 1
    ) -> None:
        self.detector, self.text_features, self.scale, self.seed = detector, text_features, scale, seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Scores every label: `label_quality_` [n] is smaller for doubtful ones, only its order means something."""
        model, data = self._encoded(X, y)
        assert isinstance(data.images, Rows)
        features, names = torch.from_numpy(data.images.unit()), data.classes
        texts = features.new_zeros(len(names), features.shape[1])
        if self.text_features is not None:
            texts = model.encode_text(names)
        sample = Sample(features, torch.from_numpy(data.given), texts, self.scale, self.seed)
        self.label_quality_: Floats = detectors.label_quality(self.detector, sample).numpy()
        return self
