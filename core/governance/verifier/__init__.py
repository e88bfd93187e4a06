"""The stand-alone verifier that goes with an evidence export; its file is copied, never imported."""
