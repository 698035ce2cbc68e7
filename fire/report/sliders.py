"""The weight explorer in JupyterLab: a slider for every pillar and second-level node, and the ranks that follow.

sliders.explorer(ed)      # show it as the last line of a cell
"""

import ipywidgets as widgets
from IPython.display import display

from fire.analysis import views
from fire.codebook import LANGUAGES
from fire.report import explorer as page

ILLUSTRATION = "含模拟数据的位次只是示意 / ranks that rest on simulated data are illustrations"
WORDS = {"published": "本版 / published", "equal": "等权 / equal", "entropy": "熵权 / entropy"}


def explorer(ed, top: int = 20) -> widgets.Widget:
    """Sliders, a choice of presets and the first `top` places of the index under the weights chosen.

    The weights of a family are shares: they are rescaled to sum to one. `.sliders` (by node), `.preset` and `.result`
    (the output) are its parts. Of an index that rests on draws the ranks are those of the central scores: an illustration.
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
            chosen = {node: slider.value for node, slider in sliders.items()}
            if wrong := fault(index.spec, chosen):
                print(wrong)
                return
            if index.draws is not None:
                print(ILLUSTRATION)
            display(ranks(index, chosen).head(top))

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


def fault(spec, weights: dict) -> str:
    """Why weights (node → share) give no ranking, in both languages: those of a whole family are zero; empty where none are."""
    for parent in [spec.root, *spec.pillars]:
        family = [node for node in spec.children(parent) if node in weights]
        if family and not any(weights[node] > 0 for node in family):
            key = "empty" if parent == spec.root else "empty_in"
            return "\n".join(
                page.texts(lang)[key].replace("{}", spec.label(parent, lang)) for lang in LANGUAGES
            )
    return ""


def ranks(index, weights: dict):
    """Ranks of the index as published and under `weights` (node → share), best of the latter first; of an index that rests
    on draws also `known_pct`, the per cent of each unit's weight under `weights` for which there are data."""
    reader = index.vary(weights=weights)
    table = views.scenarios({"published": index, "reader": reader}).sort_values("reader", kind="stable")
    return table if index.draws is None else table.assign(known_pct=_known_pct(reader))


def _known_pct(index):
    """Per cent of the weight of the index for which there are data, by unit, in the year ranked."""
    open_cells = index.draws[index.draws["year"].eq(index.year)]
    weight = open_cells["indicator"].map(index.weight_in_index).groupby(open_cells["unit"]).sum()
    return 100 * (1 - weight.reindex(index.units, fill_value=0.0).astype(float))
