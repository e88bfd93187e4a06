"""The entry: theme, navigation, the foot of the sidebar, then the page."""

from pathlib import Path

import streamlit as st

from app import feedback, live, navigation, services
from app.components import tour
from core.kernel.errors import LeadbenchError
from core.kernel.settings import Settings

STATIC = Path(__file__).resolve().parent / "static"

st.set_page_config(page_title="leadbench", page_icon=navigation.ICON, layout="wide")
st.logo(str(STATIC / "logo.svg"), size="large")
st.html(STATIC / "theme.css")
if st.context.theme.type == "dark":
    st.html(STATIC / "dark.css")

current = st.navigation(navigation.sections(), expanded=True)
try:
    services.workbench()
except LeadbenchError as refusal:
    feedback.refused(refusal)
    st.stop()
navigation.foot(Settings().environment)  # type: ignore[call-arg]
feedback.show_notices()
if live.read_only():
    st.warning("The disk is full: the store is read-only until it has space. Nothing acknowledged is lost.")
tour.show(current.url_path)
current.run()
services.warm()
