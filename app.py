"""Start the app: `streamlit run app.py`, `python app.py` or `quantscope ui`.

The script with the menu lies in `pages/ui/`, where no `pages/` folder is beside it: otherwise
Streamlit's automatic pages answer the first deep link after a start (streamlit 1.67).
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if __name__ == "__main__":
    # `App.run` reads neither STREAMLIT_… variables nor options such as --server.port (streamlit
    # 1.67), so that `python app.py` becomes `streamlit run app.py`, in this process's place.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(ROOT / "app.py"), *sys.argv[1:]]
    os.execv(command[0], command)

import streamlit as st  # noqa: E402

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.ui.guard import show_defect  # noqa: E402
from pages.ui.lifespan import lifespan  # noqa: E402
from pages.ui.server import middleware, routes  # noqa: E402

app = st.App(
    ROOT / "pages" / "ui" / "shell.py",
    lifespan=lifespan,
    middleware=middleware(),
    routes=routes(),
    on_script_error=show_defect,
)
