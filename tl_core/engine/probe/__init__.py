"""The depth probe: how well simple classifiers do on what each block of a pretrained network says of the images."""
