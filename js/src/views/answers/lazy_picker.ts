/** The list of labels, in views that load it when it is first opened. */

import type { Rpc } from "../../wire/rpc";
import type { Frame } from "../frame";
import type { Catalog } from "../labels/catalog";
import type { Picks, Question } from "../labels/choice";
import type { Popover } from "../popover";
import type { Load } from "./script";

export class LazyPicker implements Picks {
  #picker: Picks | null = null;

  constructor(
    private readonly frame: Frame,
    private readonly known: Catalog | Rpc,
    private readonly popover: Popover,
    private readonly id: string,
    private readonly load: Load,
  ) {}

  open(question: Question): void {
    if (this.#picker) this.#picker.open(question);
    else
      this.load().then(
        ({ picker }) => {
          const { frame, known, popover, id } = this;
          this.#picker ??= picker(frame, known, popover, id);
          this.#picker.open(question);
        },
        (error) => this.frame.fail(error, () => this.open(question)),
      );
  }
}
