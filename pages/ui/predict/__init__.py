"""The Predict page: a network, pictures of one's own, and what it says of them."""
