/** What the kernel answers, under the types it is read as. Written by tests/widgets/test_replies.py. */

import type { Defined, Form, Given, Moved } from "../../src/views/answers/wire";
import type { Pictures } from "../../src/views/augment/augment";
import type { History } from "../../src/views/bar/bar";
import type { Content, Listed, OwnWidget } from "../../src/views/beside/wire";
import type { Display } from "../../src/views/display";
import type { Segmented } from "../../src/views/edit/finder";
import type { Drawn } from "../../src/views/edit/queue";
import type { Labels } from "../../src/views/labels/catalog";
import type { Head as HeadOfReview } from "../../src/views/review/crops";
import type { Items } from "../../src/views/review/items";
import type { Sample } from "../../src/views/rows/sample";
import type { Cells, Described, Made, Order, Report } from "../../src/views/rows/wire";
import type { Axis, ColorColumn, Description, Part } from "../../src/views/scatter/data";
import type { Detail } from "../../src/views/scatter/tooltip";
import type { CloudHead, Places, WindowHead } from "../../src/views/scatter/windows";
import type { Counted, Kept } from "../../src/views/table/wire";
import type { Crops, Examples, Outlook, State } from "../../src/views/verify/wire";
import type { PixelsHead, Recolored } from "../../src/views/viewer/loader";
import type { Head as HeadOfViewer } from "../../src/views/viewer/picture";
import type { Place } from "../../src/views/work/words";

export const Bar_code: { code: string; current: boolean } = {
  "code": "# ds: the Dataset reef.nbal, of nl.open\n# nothing is selected: all rows are in focus\nselected = ds.images",
  "current": true
};

export const Bar_history: History = {
  "undo": "rejected prediction 1 (fish) in review",
  "redo": "corrected instance 1 (fish) in review: removed",
  "uncommitted": "1 uncommitted changes"
};

export const Bar_redo: History = {
  "undo": "rejected prediction 1 (fish) in review",
  "redo": "corrected instance 1 (fish) in review: removed",
  "uncommitted": "1 uncommitted changes"
};

export const Bar_undo: History = {
  "undo": "defined label fish",
  "redo": "rejected prediction 1 (fish) in review",
  "uncommitted": "1 uncommitted changes"
};

export const ChartHead_choose: Record<string, never> = {};

export const DrawnPictures_choose: Record<string, never> = {};

export const DrawnPictures_draw: Record<string, never> = {};

export const DrawnPictures_pictures: Pictures = {
  "tiles": [
    {
      "images": [
        1,
        1,
        1,
        1
      ],
      "labels": [
        [
          "fish",
          1
        ]
      ],
      "silent": 1
    },
    {
      "images": [
        1,
        1,
        1,
        1
      ],
      "labels": [
        [
          "fish",
          1
        ],
        [
          "crab",
          1
        ]
      ],
      "silent": 1
    }
  ],
  "first": 1,
  "last": 1,
  "size": [
    1,
    1
  ],
  "images": 1
};

export const Editor_add_label: Labels & { name: string } = {
  "rev": 1,
  "names": [
    "fish",
    "cod"
  ],
  "colors": [
    "#e69f00",
    "#56b4e9"
  ],
  "counts": [
    1,
    1
  ],
  "parents": [
    [],
    []
  ],
  "keys": {},
  "retired": [],
  "name": "cod"
};

export const Editor_answers_script: { script: string; style: string } = {
  "script": "",
  "style": ""
};

export const Editor_color_label: Labels = {
  "rev": 1,
  "names": [
    "fish",
    "cod"
  ],
  "colors": [
    "#e69f00",
    "#aa0000"
  ],
  "counts": [
    1,
    1
  ],
  "parents": [
    [],
    []
  ],
  "keys": {},
  "retired": []
};

export const Editor_decide: { ids: number[]; note: string; rev: number } = {
  "ids": [
    1
  ],
  "note": "accepted 1 of 1, 1 image is partial now: training takes what is not labeled there for background (partial='skip' leaves them out; ignore=run spares what nobody has answered)",
  "rev": 1
};

export const Editor_definition: Defined = {
  "rev": 1,
  "label": "fish",
  "path": [
    "animal",
    "fish"
  ],
  "color": "#e69f00",
  "key": "f",
  "text": "Any of them.",
  "more": 1,
  "lost": 1,
  "right": [
    {
      "id": 1,
      "row": 1,
      "label": "fish"
    }
  ],
  "wrong": [
    {
      "id": 1,
      "row": 1,
      "label": "fish"
    }
  ]
};

export const Editor_edit: Drawn = {
  "id": 1,
  "note": "drew a fish",
  "rev": 1
};

export const Editor_give_answer: Given = {
  "rev": 1,
  "parts": [
    {
      "of": "instances",
      "title": "fish 1",
      "declared": 1,
      "questions": [
        {
          "name": "sex",
          "kind": "one",
          "options": [
            "f",
            "m"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": "f",
          "required": true,
          "depth": 1
        },
        {
          "name": "length",
          "kind": "number",
          "options": [],
          "retired": [],
          "counts": [],
          "text": "",
          "unit": "cm",
          "low": 1,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": false,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    },
    {
      "of": "images",
      "title": "reef-1-1.jpg",
      "declared": 1,
      "questions": [
        {
          "name": "weather",
          "kind": "one",
          "options": [
            "sun",
            "fog"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    }
  ],
  "note": "answered sex of 1 instance: f"
};

export const Editor_image_state: { note: string; rev: number } = {
  "note": "set state of 1 image to empty",
  "rev": 1
};

export const Editor_labels: Labels = {
  "rev": 1,
  "names": [
    "fish",
    "cod"
  ],
  "colors": [
    "#e69f00",
    "#aa0000"
  ],
  "counts": [
    1,
    1
  ],
  "parents": [
    [],
    []
  ],
  "keys": {},
  "retired": []
};

export const Editor_make_example: { note: string; rev: number } = {
  "note": "instance 1 is now a right example of fish",
  "rev": 1
};

export const Editor_operate: { ids: number[]; image_id: number | null; note: string; rev: number } = {
  "ids": [
    1
  ],
  "image_id": 1,
  "note": "smoothed fish 1",
  "rev": 1
};

export const Editor_paste: { ids: number[]; note: string; rev: number } = {
  "ids": [
    1
  ],
  "note": "pasted a fish",
  "rev": 1
};

export const Editor_questions: Form = {
  "rev": 1,
  "parts": [
    {
      "of": "instances",
      "title": "fish 1",
      "declared": 1,
      "questions": [
        {
          "name": "sex",
          "kind": "one",
          "options": [
            "f",
            "m"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        },
        {
          "name": "length",
          "kind": "number",
          "options": [],
          "retired": [],
          "counts": [],
          "text": "",
          "unit": "cm",
          "low": 1,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": false,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    },
    {
      "of": "images",
      "title": "reef-1-1.jpg",
      "declared": 1,
      "questions": [
        {
          "name": "weather",
          "kind": "one",
          "options": [
            "sun",
            "fog"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    }
  ]
};

export const Editor_redo: { note: string; rev: number } = {
  "note": "made again: pasted a fish",
  "rev": 1
};

export const Editor_redo_answer: Moved = {
  "rev": 1,
  "parts": [
    {
      "of": "instances",
      "title": "fish 1",
      "declared": 1,
      "questions": [
        {
          "name": "sex",
          "kind": "one",
          "options": [
            "f",
            "m"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": "f",
          "required": true,
          "depth": 1
        },
        {
          "name": "length",
          "kind": "number",
          "options": [],
          "retired": [],
          "counts": [],
          "text": "",
          "unit": "cm",
          "low": 1,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": false,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    },
    {
      "of": "images",
      "title": "reef-1-1.jpg",
      "declared": 1,
      "questions": [
        {
          "name": "weather",
          "kind": "one",
          "options": [
            "sun",
            "fog"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    }
  ],
  "note": "answered sex of 1 instance: f",
  "of": "instances",
  "ids": [
    1
  ]
};

export const Editor_segment: Segmented = {
  "score": 1,
  "name": "boxes"
};

export const Editor_undo: { note: string; rev: number } = {
  "note": "took back: pasted a fish",
  "rev": 1
};

export const Editor_undo_answer: Moved = {
  "rev": 1,
  "parts": [
    {
      "of": "instances",
      "title": "fish 1",
      "declared": 1,
      "questions": [
        {
          "name": "sex",
          "kind": "one",
          "options": [
            "f",
            "m"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        },
        {
          "name": "length",
          "kind": "number",
          "options": [],
          "retired": [],
          "counts": [],
          "text": "",
          "unit": "cm",
          "low": 1,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": false,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    },
    {
      "of": "images",
      "title": "reef-1-1.jpg",
      "declared": 1,
      "questions": [
        {
          "name": "weather",
          "kind": "one",
          "options": [
            "sun",
            "fog"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        }
      ],
      "ids": [
        1
      ]
    }
  ],
  "note": "taken back: answered sex of 1 instance: f",
  "of": "instances",
  "ids": [
    1
  ]
};

export const Gallery_redo: { note: string; rev: number } = {
  "note": "done again: set weight of 1 images",
  "rev": 1
};

export const Gallery_undo: { note: string; rev: number } = {
  "note": "undone: set weight of 1 images",
  "rev": 1
};

export const Review_answer: { note: string; rev: number } & { id: number } = {
  "id": 1,
  "note": "rejected prediction 1 (fish) in review",
  "rev": 1
};

export const Review_correct: { note: string; rev: number } & { id: number } = {
  "id": 1,
  "note": "corrected instance 1 (fish) in review: removed",
  "rev": 1
};

export const Review_crop: Pick<HeadOfReview, 'rev' | 'id' | 'box' | 'mask' | 'problem' | 'auto'> = {
  "rev": 1,
  "id": 1,
  "box": [
    1,
    1,
    1,
    1
  ],
  "mask": [
    1,
    1
  ],
  "problem": "",
  "auto": false
};

export const Review_editor: { ref: string } = {
  "ref": "anywidget:f"
};

export const Review_item: HeadOfReview = {
  "rev": 1,
  "id": 1,
  "imageId": 1,
  "label": "fish",
  "size": [
    1,
    1
  ],
  "at": [
    1,
    1,
    1,
    1
  ],
  "facts": [
    [
      "label",
      "fish",
      "category"
    ],
    [
      "score",
      1,
      "number"
    ]
  ],
  "below": null,
  "correction": null,
  "box": [
    1,
    1,
    1,
    1
  ],
  "mask": [
    1,
    1
  ],
  "problem": "",
  "auto": false
};

export const Review_items: Items = {
  "rev": 1,
  "of": "predictions",
  "annotator": "root",
  "order": [],
  "labels": [
    "fish",
    "cod"
  ],
  "colors": [
    "#e69f00",
    "#8c8c8c"
  ],
  "keys": {
    "f": "fish"
  },
  "selected": false,
  "asks": false
};

export const Review_make_again: { note: string; rev: number } & { id: number } = {
  "id": 1,
  "note": "rejected prediction 1 (fish) in review",
  "rev": 1
};

export const Review_states: { rev: number } = {
  "rev": 1
};

export const Review_take_back: { note: string; rev: number } & { id: number } = {
  "id": 1,
  "note": "taken back",
  "rev": 1
};

export const Scatter_axis: Part & Omit<Axis, 'values'> = {
  "name": "turbidity",
  "kind": "number",
  "whole": false,
  "categories": [],
  "code": "rows[\"turbidity\"]",
  "single": true,
  "rev": 1,
  "n": 1,
  "start": 1,
  "dtype": "float32"
};

export const Scatter_cloud: CloudHead = {
  "rev": 1,
  "axes": [
    {
      "categories": [],
      "code": "run.predictions[\"image_id\"].value_counts().reindex(rows.index, fill_value=1)",
      "kind": "number",
      "whole": true,
      "single": false,
      "name": "n_predictions"
    },
    {
      "categories": [],
      "code": "rows[\"turbidity\"]",
      "kind": "number",
      "whole": false,
      "single": true,
      "name": "turbidity"
    }
  ],
  "spans": [
    {
      "lo": 1,
      "range": 1,
      "end": 1
    },
    {
      "lo": 1,
      "range": 1,
      "end": 1
    }
  ],
  "n": 1,
  "color": {
    "kind": "category",
    "whole": false,
    "code": "rows[\"habitat\"]",
    "missing_code": "rows[\"habitat\"].isna()",
    "single": false,
    "categories": [
      "coral reef",
      "seagrass"
    ],
    "colors": [
      "#e69f00",
      "#56b4e9"
    ],
    "name": "habitat",
    "ends": [
      1,
      1
    ],
    "totals": [
      1,
      1
    ]
  }
};

export const Scatter_colors: Part & Omit<ColorColumn, 'values'> = {
  "name": "habitat",
  "kind": "category",
  "whole": false,
  "code": "rows[\"habitat\"]",
  "missing_code": "rows[\"habitat\"].isna()",
  "single": false,
  "categories": [
    "coral reef",
    "seagrass"
  ],
  "colors": [
    "#e69f00",
    "#56b4e9"
  ],
  "rev": 1,
  "n": 1,
  "start": 1,
  "dtype": "uint8"
};

export const Scatter_describe: Description = {
  "rev": 1,
  "n": 1,
  "sampled": false,
  "ids": "image_id",
  "first_id": 1,
  "columns": [
    {
      "name": "image_id",
      "kind": "number"
    },
    {
      "name": "width",
      "kind": "number"
    }
  ],
  "asks": 1,
  "layout": {
    "method": "pca",
    "ready": false
  }
};

export const Scatter_detail: Detail = {
  "rev": 1,
  "row": 1,
  "fields": [
    [
      "file",
      "reef-1-1.jpg"
    ],
    [
      "state",
      "unlabeled"
    ]
  ],
  "problem": ""
};

export const Scatter_ids: Part = {
  "rev": 1,
  "n": 1,
  "start": 1,
  "dtype": "float64"
};

export const Scatter_inside: { rev: number; n: number } = {
  "rev": 1,
  "n": 1
};

export const Scatter_members: { rev: number; n: number } = {
  "rev": 1,
  "n": 1
};

export const Scatter_places: Places & { rev: number } = {
  "rev": 1,
  "places": [
    [
      1,
      1
    ]
  ]
};

export const Scatter_window: WindowHead = {
  "rev": 1,
  "window": [
    1,
    1,
    1,
    1
  ],
  "columns": 1,
  "rows": 1,
  "most": 1,
  "drawn": 1,
  "complete": true,
  "counts": [
    1,
    1,
    1,
    1
  ],
  "tally": {
    "allowed": null,
    "kept": null,
    "ends": null
  }
};

export const Table_act: Report = {
  "note": "rejected 1 of 1",
  "change": "c-f",
  "rev": 1
};

export const Table_bars: Counted = {
  "rev": 1,
  "bars": {
    "score": {
      "lo": 1,
      "hi": 1,
      "total": [
        1,
        1
      ],
      "allowed": null
    },
    "label": {
      "lo": null,
      "hi": null,
      "total": [
        1,
        1
      ],
      "allowed": [
        1,
        1
      ]
    }
  },
  "late": []
};

export const Table_cells: Cells = {
  "rev": 1,
  "cells": {
    "score": [
      1,
      1
    ],
    "label": [
      1,
      1
    ]
  }
};

export const Table_describe: Described = {
  "rev": 1,
  "n": 1,
  "names": [
    "prediction_id",
    "image_id"
  ],
  "columns": [
    {
      "name": "score",
      "kind": "number",
      "categories": [],
      "colors": [],
      "editable": false,
      "whole": false,
      "home": "own"
    },
    {
      "name": "label",
      "kind": "category",
      "categories": [
        "fish"
      ],
      "colors": [
        "#e69f00"
      ],
      "editable": false,
      "whole": false,
      "home": "own"
    },
    {
      "name": "decision",
      "kind": "category",
      "categories": [
        "open",
        "accepted",
        "rejected"
      ],
      "colors": [
        "#8c8c8c",
        "#009e73",
        "#d55e00"
      ],
      "editable": false,
      "whole": false,
      "home": "derived"
    }
  ],
  "run": true,
  "id": "prediction_id",
  "labels": [
    "fish"
  ],
  "label_colors": [
    "#e69f00"
  ],
  "label_keys": {},
  "asks": 1,
  "suspects": false
};

export const Table_edit: Report = {
  "note": "set weight of 1 image to 1.1",
  "change": "c-f",
  "rev": 1
};

export const Table_keep: Kept = {
  "rev": 1,
  "any": true,
  "cells": {
    "score": [
      1,
      1
    ],
    "label": [
      1,
      1
    ]
  },
  "titles": {
    "score": "score \u2265 1.1"
  },
  "title": "score \u2265 1.1",
  "code": "(rows[\"score\"] >= 1.1)"
};

export const Table_order: Order = {
  "rev": 1,
  "n": 1
};

export const Table_pictures: Made = {
  "rev": 1,
  "errors": {},
  "auto": []
};

export const Table_questions_of: Form = {
  "rev": 1,
  "parts": [
    {
      "of": "images",
      "title": "reef-1-1.jpg",
      "declared": 1,
      "questions": [
        {
          "name": "weather",
          "kind": "one",
          "options": [
            "sun",
            "fog"
          ],
          "retired": [],
          "counts": [
            1,
            1
          ],
          "text": "",
          "unit": "",
          "low": null,
          "high": null,
          "default": null,
          "asked": 1,
          "answered": 1,
          "value": null,
          "required": true,
          "depth": 1
        }
      ],
      "ids": []
    }
  ]
};

export const Table_sample: Sample = {
  "images": 1,
  "score": [
    1,
    1
  ],
  "shown": {
    "least sure": [
      [
        1,
        "fish 1.1"
      ]
    ]
  }
};

export const Table_set_display: Display = {
  "auto": null,
  "brightness": 1,
  "contrast": 1,
  "gamma": 1
};

export const Table_similar: { title: string; rev: number } = {
  "title": "1 and 1 like it",
  "rev": 1
};

export const Table_undo: { note: string; rev: number } = {
  "note": "undone",
  "rev": 1
};

export const Verify_begin: State = {
  "turn": 1,
  "id": "propagate-f-f-f",
  "progress": {
    "strategy": "paper",
    "phase": "search",
    "target_quality": 1,
    "alpha": null,
    "n_masks": 1,
    "n_accepted": 1,
    "n_rejected": 1,
    "n_open": 1,
    "n_answers": 1,
    "n_questions": 1,
    "budget": null,
    "estimate": null,
    "lower": null,
    "seconds": 1,
    "note": "1 masks accepted; this search states no guarantee.",
    "curve": [],
    "together": "",
    "state": "",
    "things": "mask",
    "take": "ds.accept(p.accepted)",
    "rest": "nl.Review(ds, p.rest)"
  },
  "clusters": 1,
  "names": [
    "fish"
  ],
  "labels": [
    "fish"
  ],
  "colors": [
    "#e69f00"
  ],
  "graded": null,
  "qualifying": false,
  "question": {
    "number": 1,
    "kind": "sample",
    "cluster": "1-1",
    "label": "fish",
    "size": 1,
    "why": "A sample of 1 masks.",
    "asks": "",
    "ids": [
      1,
      1,
      1,
      1
    ]
  },
  "crops": [
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    }
  ],
  "answers": [
    null,
    null,
    null,
    null
  ],
  "outlook": {
    "estimate": 1,
    "lower": 1,
    "upper": 1,
    "outcome": "more",
    "masks": {
      "reject": 1,
      "accept": 1,
      "split": 1
    },
    "answers": null
  }
};

export const Verify_crops: Crops = {
  "places": [
    1
  ],
  "crops": [
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    }
  ]
};

export const Verify_draft: { outlook: Outlook | null } = {
  "outlook": {
    "estimate": 1,
    "lower": 1,
    "upper": 1,
    "outcome": "accept",
    "masks": {
      "accept": 1
    },
    "answers": null
  }
};

export const Verify_examples: Examples = {
  "right": 1,
  "crops": [
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    }
  ]
};

export const Verify_skip: State = {
  "turn": 1,
  "id": "propagate-f-f-f",
  "progress": {
    "strategy": "paper",
    "phase": "done",
    "target_quality": 1,
    "alpha": null,
    "n_masks": 1,
    "n_accepted": 1,
    "n_rejected": 1,
    "n_open": 1,
    "n_answers": 1,
    "n_questions": 1,
    "budget": null,
    "estimate": null,
    "lower": null,
    "seconds": 1,
    "note": "1 masks accepted; this search states no guarantee.",
    "curve": [],
    "together": "",
    "state": "",
    "things": "mask",
    "take": "ds.accept(p.accepted)",
    "rest": "nl.Review(ds, p.rest)"
  },
  "clusters": 1,
  "names": [
    "fish"
  ],
  "labels": [
    "fish"
  ],
  "colors": [
    "#e69f00"
  ],
  "graded": null,
  "qualifying": false,
  "question": null,
  "crops": []
};

export const Verify_tell: State = {
  "turn": 1,
  "id": "propagate-f-f-f",
  "progress": {
    "strategy": "paper",
    "phase": "done",
    "target_quality": 1,
    "alpha": null,
    "n_masks": 1,
    "n_accepted": 1,
    "n_rejected": 1,
    "n_open": 1,
    "n_answers": 1,
    "n_questions": 1,
    "budget": null,
    "estimate": 1,
    "lower": null,
    "seconds": 1,
    "note": "1 masks accepted; this search states no guarantee.",
    "curve": [
      [
        1,
        1
      ]
    ],
    "together": "",
    "state": "",
    "things": "mask",
    "take": "ds.accept(p.accepted)",
    "rest": "nl.Review(ds, p.rest)"
  },
  "clusters": 1,
  "names": [
    "fish"
  ],
  "labels": [
    "fish"
  ],
  "colors": [
    "#e69f00"
  ],
  "graded": null,
  "qualifying": false,
  "question": null,
  "crops": []
};

export const Verify_undo: State = {
  "turn": 1,
  "id": "propagate-f-f-f",
  "progress": {
    "strategy": "paper",
    "phase": "search",
    "target_quality": 1,
    "alpha": null,
    "n_masks": 1,
    "n_accepted": 1,
    "n_rejected": 1,
    "n_open": 1,
    "n_answers": 1,
    "n_questions": 1,
    "budget": null,
    "estimate": null,
    "lower": null,
    "seconds": 1,
    "note": "1 masks accepted; this search states no guarantee.",
    "curve": [],
    "together": "",
    "state": "",
    "things": "mask",
    "take": "ds.accept(p.accepted)",
    "rest": "nl.Review(ds, p.rest)"
  },
  "clusters": 1,
  "names": [
    "fish"
  ],
  "labels": [
    "fish"
  ],
  "colors": [
    "#e69f00"
  ],
  "graded": null,
  "qualifying": false,
  "question": {
    "number": 1,
    "kind": "sample",
    "cluster": "1-1",
    "label": "fish",
    "size": 1,
    "why": "A sample of 1 masks.",
    "asks": "",
    "ids": [
      1,
      1,
      1,
      1
    ]
  },
  "crops": [
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    },
    {
      "id": 1,
      "image": 1,
      "label": 1,
      "size": [
        1,
        1
      ],
      "at": [
        1,
        1,
        1,
        1
      ],
      "box": [
        1,
        1,
        1,
        1
      ],
      "mask": [
        1,
        1
      ],
      "problem": "",
      "auto": false,
      "bytes": [
        1,
        1
      ]
    }
  ],
  "answers": [
    true,
    true,
    true,
    true
  ],
  "outlook": {
    "estimate": 1,
    "lower": 1,
    "upper": 1,
    "outcome": "accept",
    "masks": {
      "accept": 1
    },
    "answers": null
  }
};

export const Viewer_beside_file: Content = {
  "id": 1,
  "mime": "image/png",
  "size": [
    1,
    1
  ],
  "low": 1,
  "high": 1,
  "ramp": [
    "#000000",
    "#0072b2"
  ],
  "fits": false
};

export const Viewer_beside_image: Listed = {
  "image": 1,
  "items": [
    {
      "id": 1,
      "kind": "overlay",
      "name": "depth",
      "opacity": 1,
      "bytes": null
    }
  ],
  "any": true,
  "custom": true,
  "guidelines": "Outline the fins, too.",
  "introduce": false
};

export const Viewer_beside_seen: Record<string, never> = {};

export const Viewer_beside_widget: OwnWidget = {
  "model": "",
  "text": "image 1",
  "problem": ""
};

export const Viewer_colors: Recolored = {
  "rev": 1,
  "row": 1,
  "color": {
    "name": "score",
    "kind": "number",
    "low": 1,
    "high": 1
  }
};

export const Viewer_masks: HeadOfViewer = {
  "rev": 1,
  "row": 1,
  "imageId": 1,
  "file": "reef-1-1.jpg",
  "width": 1,
  "height": 1,
  "state": "complete",
  "columns": [
    "label",
    "source"
  ],
  "label": {
    "instances": [
      "fish"
    ],
    "predictions": [
      "fish"
    ],
    "colors": [
      "#e69f00"
    ],
    "keys": {}
  },
  "source": {
    "instances": [
      "human",
      "imported"
    ],
    "predictions": [
      "human",
      "imported"
    ],
    "colors": [
      "#e69f00",
      "#56b4e9"
    ]
  },
  "decided": [],
  "color": {
    "name": "label",
    "kind": "category",
    "categories": [
      "fish"
    ],
    "colors": [
      "#e69f00"
    ]
  },
  "regions": []
};

export const Viewer_part: { rev: number; row: number; box: number[] } = {
  "rev": 1,
  "row": 1,
  "box": [
    1,
    1,
    1,
    1
  ]
};

export const Viewer_pixels: PixelsHead = {
  "rev": 1,
  "row": 1,
  "mime": "image/jpeg",
  "width": 1,
  "height": 1,
  "whole": true,
  "auto": false
};

export const WorkHead_beat: Place = {
  "phase": "task",
  "job": 1,
  "step": "label",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": false,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};

export const WorkHead_decide_on: Place = {
  "phase": "waiting",
  "job": 1,
  "step": "",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": true,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};

export const WorkHead_look_again: Place = {
  "phase": "task",
  "job": 1,
  "step": "label",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": false,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};

export const WorkHead_now: Place = {
  "phase": "task",
  "job": 1,
  "step": "label",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": false,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};

export const WorkHead_send_answer: Place = {
  "phase": "task",
  "job": 1,
  "step": "label",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": false,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};

export const WorkHead_skip_task: Place = {
  "phase": "task",
  "job": 1,
  "step": "label",
  "by": "line",
  "name": "queue",
  "of": "images",
  "reviewing": false,
  "author": "",
  "answer": "",
  "note": "",
  "image": 1,
  "thread": [],
  "tasks": 1,
  "open": 1,
  "held": 1,
  "review": 1,
  "rework": 1
};
