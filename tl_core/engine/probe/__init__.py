"""The depth probe: accuracy of simple classifiers on the features of each block of a pretrained network."""
