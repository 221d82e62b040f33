"""Charts: figures as plain data, and the component that draws them."""
