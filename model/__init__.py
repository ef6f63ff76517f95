"""The variational autoencoder and its latent space: Keras 3 and NumPy, nothing of photos or pages."""
