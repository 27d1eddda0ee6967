"""Pictures as files that do not change by themselves."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure


def render(figure: Figure, for_paper: bool = False) -> dict[str, bytes]:
    """A figure as "png" and "svg", for a paper as "pdf" and "svg"; the same figure gives the same bytes."""
    figure.set_dpi(160)
    files = {kind: io.BytesIO() for kind in (("pdf" if for_paper else "png"), "svg")}
    if for_paper:
        pdf: Any = get_registered_canvas_class("pdf")(figure)  # not imported for the screen, where it is not needed
        pdf.print_pdf(files["pdf"], metadata={"CreationDate": None, "Creator": None, "Producer": None})
    else:
        png: Any = FigureCanvasAgg(figure)
        png.print_png(files["png"], metadata={"Software": None})
    if figure.get_layout_engine() is not None:
        figure.set_layout_engine("none")  # laid out once, not once per file
    svg: Any = FigureCanvasSVG(figure)  # not before the layout, which would take its resolution for that of the figure
    svg.print_svg(files["svg"], metadata={"Date": None, "Creator": None})
    return {kind: file.getvalue() for kind, file in files.items()}
