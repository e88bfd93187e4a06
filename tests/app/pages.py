"""A page of the app, run without a browser."""

from streamlit.testing.v1 import AppTest

from core.kernel.settings import PROJECT_ROOT


def page(script: str, user: str = "ana", **parameters: str) -> AppTest:
    """The page as that user sees it under these URL parameters; fails where its script raised."""
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60)
    at.session_state["session_identity"] = user
    at = at.run().switch_page(f"../pages/{script}.py")
    for name, value in parameters.items():
        at.query_params[name] = value
    at = at.run()
    assert [error.message for error in at.exception] == []
    return at
