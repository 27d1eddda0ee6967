"""Finding wrong labels: detectors, what they estimate together, and the files that tell a person about it.

Axes: P images, E embedding width, C classes, F folds.
"""
