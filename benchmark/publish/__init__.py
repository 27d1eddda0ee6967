"""Results and draws of wrong labels as data sets that others can load and cite."""
