"""The stand-alone loader that goes with an exported model; its file is copied, never imported."""
