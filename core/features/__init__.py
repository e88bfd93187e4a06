"""leadbench."""
