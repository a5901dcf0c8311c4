"""Three rounds of propagation and training, and their controls: ``python benchmarks/rounds.py nuclei PATH``.

A project begins with a few labeled images, as in ``growth.py`` (its worlds, trainings and measures are used
here). In each round the newest model predicts on all other images, masks are refined, answers are asked for,
masks are accepted, and a model is trained anew on all that is labeled by then; what nobody decided about is
no background (``ignore=``). Every training has the same number of steps. Arms:

- ``propagate``: `nl.propagate` with a budget; three rounds share alpha, one statement for all.
- ``propagate, complete``: as ``propagate``, with a third of the budget fewer questions about masks; for every
  three of these a person looks one image over, the likeliest first (`nl.likely_complete`), and says whether
  all is labeled. Images that are still partial are left out of the training.
- ``propagate, regions``: as ``propagate``; on partial images background is taught in known regions only.
- ``quick-add``: scores above 0.75 are accepted in bulk, the same number of answers goes to the next lower
  scores, one by one.
- first labels only (``round 1``), and all true labels of all images, as controls.

A mask is right from an IoU of 0.75 on. The reviewer knows the truth. ``right`` is the share of what an arm
made labels of that is right, and ``sq`` the mean IoU of those; ``statement`` is what was promised.
``nuclei PATH`` or ``reef``; results are appended to ``--results``; ``show`` prints them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from growth import ASKED, Loop, arguments, run

import nbalabel as nl

RESULTS = Path(__file__).with_name("rounds.jsonl")
RIGHT = 0.75
TARGET = 0.85
ARMS: dict[str, dict[str, Any]] = {
    "propagate": {},
    "propagate, complete": {"partial": "skip"},
    "propagate, regions": {"partial": "regions"},
    "quick-add": {},
}
"""Arms, and arguments of ``train`` that differ."""
LOOK = 3
"""Answers that a look at an image counts as: some 5 seconds, where an answer takes 2."""


class Rounds(Loop):
    """One arm: rounds of predicting, answering, accepting and training."""

    last: Any = None
    statement = ""

    def run(self) -> None:
        """Train on the first labels unless that is done; then the rounds; once on all true labels."""
        model, trained = self.first or (nl.Yolo(self.options.model), None)
        if trained is None:
            trained = self.train(model, self.world.ds, "round 1")
            self.first = (model, trained)
        for number in range(1, self.options.rounds + 1):
            images = self.world.ds.images.query("split != 'test'").index
            run = nl.refine(model.predict(self.world.ds, images=images, score=0.1))
            run = self.grow(run)
            model = nl.Yolo(self.options.model)
            self.train(model, self.world.ds, f"round {number + 1}", ignore=run, **ARMS[self.policy])
        if self.policy == self.options.arms[0] and self.options.all_true:
            self.train(nl.Yolo(self.options.model), self.all_true(), "all true labels")

    def grow(self, run: nl.Run) -> nl.Run:
        """Accept masks, by the arm; a person also confirms images that are likely empty."""
        ds = self.world.ds
        looks = self.options.budget // (3 * LOOK) if self.policy == "propagate, complete" else 0
        if self.policy == "quick-add":
            self.quick_add(run)
        else:
            self.propagate(run, self.options.budget - LOOK * looks)
        self.look_over(run, looks)
        touched = ds.images.index[ds.images["state"] == "partial"]
        ds.images.loc[touched, "weight"] = 1.0
        if self.options.empty:
            is_empty = self.reviewer.is_empty(nl.likely_empty(ds, run).index)
            ds.mark_empty(is_empty.index[is_empty])
        ds.commit("a round")
        return run

    def look_over(self, run: nl.Run, looks: int) -> None:
        """Look images over that are likely labeled all over, and mark those that are."""
        if not looks:
            return
        asked = nl.likely_complete(self.world.ds, run).head(looks).index
        yes = self.reviewer.is_complete(asked, self.world.ds.instances)
        self.reviewer.n_decisions += (LOOK - 1) * len(asked)
        self.world.ds.mark_complete(yes.index[yes])
        print(f"{yes.sum()} of {len(asked)} images are labeled all over", flush=True)

    def propagate(self, run: nl.Run, budget: int) -> None:
        """Ask about clusters, audit, accept; one statement for all rounds."""
        options = {"budget": budget, "min_score": ASKED, "min_area": 0, "seed": self.seed}
        options |= {"target_quality": TARGET, "journal": False, "rounds": self.options.rounds}
        p = nl.propagate(run, after=self.last or (), **options)
        yes = nl.demo.Reviewer(self.world.truth).judge(p.predictions, iou=RIGHT)
        while (question := p.ask()) is not None:
            p.tell(question, yes[question.ids].to_numpy())
        self.reviewer.n_decisions += p.n_answers
        self.last, self.statement = p, p.together or p.certificate
        self.world.ds.accept(p.accepted, overlap="skip")
        self.world.ds.reject(p.rejected)

    def quick_add(self, run: nl.Run) -> None:
        """Accept high scores in bulk, and ask about the next."""
        ds, new = self.world.ds, "split == 'train' and state in ('unlabeled', 'partial')"
        sure = run.query(f"score > {self.options.sure} and iou < 0.2 and {new}")
        ds.accept(sure, overlap="skip")
        asked = run.query(f"score > {ASKED} and iou < 0.5 and {new}")
        asked = asked[~asked.index.isin(sure.index)].nlargest(self.options.budget, "score")
        yes = self.reviewer.judge(asked, iou=RIGHT)
        ds.accept(asked[yes], overlap="skip", origin="reviewer")
        ds.reject(asked[~yes], origin="reviewer")

    def quality(self, labels: pd.DataFrame) -> dict[str, Any]:
        """Of what the arm made labels of: how many, the share right, the mean IoU; and what was promised."""
        made = labels[labels["source"].isin(["model", "propagated"])]
        states = self.world.ds.images.loc[self.world.ds.images["split"] != "test", "state"].value_counts()
        about = {"empties": self.options.empty, **states.drop("unlabeled", errors="ignore").to_dict()}
        if not len(made):
            return {"made": 0, "right": None, "sq": None, "statement": "", **about}
        truth = self.world.truth
        on = truth.instances[truth.instances["image_id"].isin(made["image_id"])]
        made = made.assign(score=made["score"].fillna(1.0))
        found = nl.match(made, on, truth.images, iou=RIGHT).predictions
        right = found[found["matched"]]
        share, iou = round(len(right) / len(made), 4), round(float(right["iou"].mean()), 4)
        return {"made": len(made), "right": share, "sq": iou, "statement": self.statement, **about}


def show(results: Path) -> None:
    """Print every arm, round by round."""
    rows = pd.DataFrame([json.loads(line) for line in results.read_text().splitlines()])
    rows = rows.reindex(columns=rows.columns.union(["empty_share"], sort=False)).fillna({"empty_share": 1.0})
    for (data, seed, empties, share), part in rows.groupby(["data", "seed", "empties", "empty_share"]):
        marked = "marked" if empties else "left alone"
        print(f"\n## {data}, seed {seed}, empty images {marked}, at most {share:.0%} of the draws\n")
        columns = [
            "policy",
            "arm",
            "map",
            "map50",
            "images",
            "labels",
            "made",
            "right",
            "sq",
            "decisions",
            "steps",
        ]
        print(part[columns].to_string(index=False))
        for text in part["statement"].unique():
            print(text)


def main() -> None:
    parser = arguments(__doc__, RESULTS, [0])
    parser.add_argument("--budget", type=int, default=500, help="answers of each round")
    parser.add_argument("--arms", choices=list(ARMS), nargs="+", default=list(ARMS))
    parser.add_argument("--no-empty", dest="empty", action="store_false", help="mark no images as empty")
    parser.set_defaults(steps=600, plain=True)
    options = parser.parse_args()
    if options.data != "show":
        run(Rounds, options.arms, options)
    show(options.results)


if __name__ == "__main__":
    main()
