"""Charts as pure functions: a frame and the theme's colours in, a Plotly figure out."""
