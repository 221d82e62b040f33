"""The Predict page: a network, your images, and what it predicts for them."""
