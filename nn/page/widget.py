"""The page as a Jupyter widget, by anywidget, which the extra `notebook` brings: the page's own script and style."""

from __future__ import annotations

from typing import Any

from autograd import MissingDependencyError
from nn.modules.module import Module
from nn.page import document, script, style

MISSING = "the page in a notebook needs anywidget, which is not installed: pip install 'scalar-autograd[notebook]'"

# What a front-end module of anywidget exports: a function that draws a view of the widget into the element `el`, and
# returns what is to be done when the view goes. The page's function is taken from the global object at once: another
# widget, perhaps of another release, puts its own there. JupyterLab notes on the body whether its theme is a light one.
EXPORT = """
const { mountPage } = globalThis.autogradPage;

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    root.className = "autograd-page";
    const themeIsLight = document.body.dataset.jpThemeLight;
    if (themeIsLight !== undefined) {
      root.dataset.theme = themeIsLight === "false" ? "dark" : "light";
    }
    el.append(root);
    const page = mountPage(root, model.get("page_document"), { address: false });
    return () => {
      page.runner.pause();
      root.remove();
    };
  },
};
"""


def widget(network: Module, data: Any, **options: Any) -> Any:
    """The page for a network as a widget, for the last line of a notebook's cell.

    Parameters: `network`, `data` and the options as for `nn.page.page`, but for the path.

    Returns an `anywidget.AnyWidget`, whose trait `page_document` is what Python says of the network. What the reader
    changes in the view stays there: the network in Python is not changed.

    Raises: `MissingDependencyError` without anywidget; otherwise as `nn.page.page`.

    Source of what a module exports: the Anywidget Front-End Module, https://anywidget.dev/en/afm/.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingDependencyError(MISSING) from None

    class PageWidget(anywidget.AnyWidget):
        _esm = module_text()
        _css = style()
        page_document = traitlets.Dict().tag(sync=True)

    return PageWidget(page_document=document(network, data, **options))


def module_text() -> str:
    """The page's script as a front-end module of anywidget.

    >>> "export default {" in module_text()
    True
    """
    return script() + EXPORT
