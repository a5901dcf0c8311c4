"""How Sphinx builds the site; `make docs` runs it over the folder that scripts/docs.py gathers.

The folder has the pages where the repository has them (`docs/`, `notebooks/`, `CHANGELOG.md`), so that a link
works in both. Every warning is an error: a link, a reference or an anchor that leads nowhere ends the build.
"""

from sphinx.application import Sphinx

import nbalabel

project = "nbalabel"
author = "the nbalabel authors"
version = release = nbalabel.__version__
html_title = "nbalabel"
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
root_doc = "index"
exclude_patterns = ["docs/images"]

# Pages and notebooks. Notebooks are shown with the outputs they hold: nothing is executed here.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # views are pictures here; myst-nb's own loader would come from elsewhere
nb_mime_priority_overrides = [("html", "image/png", 0)]
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# The API, from docstrings.
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "notes_style"), ("Sources", "notes_style")]
add_module_names = False
toc_object_entries_show_parents = "hide"

# Every reference is checked. Types of other packages have no page here, and no network is asked for theirs.
nitpicky = True
_ELSEWHERE = "numpy|np|npt|os|pandas|pd|pathlib|collections|traitlets|PIL|Image|typing|t|torch|matplotlib"
_WITHIN = (  # passed on inside nbalabel; a user meets none of them
    "data.store.storage.Store|data.store.version_file.Manifest|data.edits.draw.Gesture|learn.cluster.forest.Forest|"
    "core.show.display.(Look|Levels)|core.tables.predicted.Predicted|learn.runs.reported.Reported|widgets.workspace.workspace.Attached|widgets.workspace.columns.Column|"
    "widgets.verify.qualification.Result|learn.propagate.proposals.Proposals|learn.embed.reducers.Reducer|"
    "learn.embed.plane._Job|learn.prediction.inference.Finder|learn.prediction.segmenter.Ready|"
    "learn.yolo.batches.YoloBatches|learn.torchvision.batches.MaskRCNNBatches|widgets.augment.phase.Phase|"
    "learn.propagate.strategies.protocol.Strategy(Class)?|core.question.Verifiable|learn.forecast.families.(Family|Fits)|"
    "learn.forecast.growth_curve.Expected|reporting.numbers.gathered.Numbers|reporting.page.pictures.Pictures|"
    "learn.raters.bootstrap.Measured|learn.raters.opinions.Opinions|learn.raters.units.Units|"
    "learn.propagate.rounds.Round|learn.propagate.attributes.claim.Claim|learn.audits.rows.Rows|learn.audits.asked.Facts|core.certificate.Certifying|"
    "learn.propagate.state.ledger.Ledger|data.queue.(answering.(Given|Comment)|collecting.Collected|final.Answered|listing.Progress)|"
    "data.queue.(task.Task|working.VersionedImages|database.sql.Sql)|core.tables.opinions.GivesOpinions|"
    "core.ontology.guidelines.Guidelines|data.images.remote.folder.RemoteFolder|learn.cluster.cell_forest.CellForest|learn.embed.vectors.Vectors|"
    "widgets.workspace.ranks.Ranks"
)
nitpick_ignore_regex = [
    ("py:.*", rf"({_ELSEWHERE})(\..*)?|Path"),
    ("py:class", rf"nbalabel\.({_WITHIN})|Predicted|Layout|Explore|.*\.Index"),
]

html_theme = "furo"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
_COLORS = (
    "color-brand-primary",
    "color-brand-content",
    "color-brand-visited",
    "color-api-name",
)
html_theme_options = {
    "light_css_variables": dict.fromkeys(_COLORS, "#0b6e6e"),
    "dark_css_variables": {**dict.fromkeys(_COLORS, "#5cc9c0"), "color-code-background": "#1d1e20"},
    "navigation_with_keys": True,
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"


def setup(app: Sphinx) -> None:
    """Connect what is below; Sphinx calls this."""
    app.connect("autodoc-skip-member", _skip)


def _skip(app: Sphinx, what: str, name: str, value: object, skip: bool, options: object) -> bool | None:
    """Leave out what only a view's page calls: methods that give a reply."""
    return True if getattr(value, "__annotations__", {}).get("return") == "Reply" else None
