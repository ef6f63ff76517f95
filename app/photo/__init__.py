"""Photos as pixels: opened safely, faces found and aligned, edits composed, animations saved. No model in here."""

from app.photo.open import PhotoError, open_photo

__all__ = ["PhotoError", "open_photo"]
