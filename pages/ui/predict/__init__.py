"""The Predict page: a network, your pictures, and what it predicts for them."""
