"""Parts that pages are made of; each module shows one thing and owns its keys."""
