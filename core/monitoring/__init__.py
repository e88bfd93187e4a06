"""Has the world changed, and does it matter: drift, and the decisions that it moves."""
