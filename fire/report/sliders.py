"""The weight explorer in JupyterLab: a slider for every pillar and second-level node, and the ranks that follow.

sliders.explorer(ed)      # show it as the last line of a cell
"""

import ipywidgets as widgets
from IPython.display import display

from fire.analysis import views
from fire.errors import InputError
from fire.report import explorer as page

WORDS = {"published": "本版 / published", "equal": "等权 / equal", "entropy": "熵权 / entropy"}


def explorer(ed, top: int = 20) -> widgets.Widget:
    """Sliders, a choice of presets and the first `top` places of the index under the weights chosen.

    The weights of a family are shares: they are rescaled to sum to one. `.sliders` (by node), `.preset` and `.result`
    (the output) are its parts.
    """
    index, presets = ed.index, page.presets(ed.index)
    look = {"min": 0, "max": 1, "step": 0.01, "style": {"description_width": "8em"}}
    sliders = {
        node: widgets.FloatSlider(weight, description=index.spec.label(node), **look)
        for node, weight in presets["published"].items()
    }
    preset = widgets.Dropdown(options=[(WORDS[name], name) for name in presets], description="预设 / preset")
    result = widgets.Output()

    def redraw(_=None):
        result.clear_output(wait=True)
        with result:
            try:
                display(ranks(index, {node: slider.value for node, slider in sliders.items()}).head(top))
            except InputError as error:
                print(error)

    def choose(change):
        for node, weight in presets[change["new"]].items():
            sliders[node].unobserve(redraw, "value")
            sliders[node].value = weight
            sliders[node].observe(redraw, "value")
        redraw()

    for slider in sliders.values():
        slider.observe(redraw, "value")
    preset.observe(choose, "value")
    redraw()
    box = widgets.VBox([preset, widgets.HBox([widgets.VBox(list(sliders.values())), result])])
    box.sliders, box.preset, box.result = sliders, preset, result
    return box


def ranks(index, weights: dict):
    """Ranks of the index as published and under `weights` (node → share), best of the latter first."""
    reader = index.vary(weights=weights)
    return views.scenarios({"published": index, "reader": reader}).sort_values("reader", kind="stable")
