/** The definition of a label beside the picture: its text, and crops of what is right and what is wrong. */
import { counted } from "../../core/values/format";
import { h } from "../../draw/dom";
import { asBytes } from "../../wire/codec";
import { Cancelled, said } from "../../wire/rpc";
import type { Host } from "./script";
import type { Defined, Example } from "./wire";

const SIZE = 128; // pixels of a crop

export class Definition {
  readonly el = h("div.nbl-definition");
  /** A label that was looked up; null: the label of what is shown. */
  #pinned: string | null = null;
  #label = "";
  #rev = -1;

  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The label shown. */
  get label(): string {
    return this.#pinned ?? this.#host.label();
  }

  /** Another label is shown, or the tables are new: ask again. */
  async follow(): Promise<void> {
    const { label } = this;
    const { rpc, store, signal, frame } = this.#host;
    if (label === this.#label && store.rev <= this.#rev) return;
    if (!label) {
      this.#label = "";
      this.el.replaceChildren(h("div.nbl-muted", {}, "No label is shown."));
      return;
    }
    try {
      const { result, buffers } = await rpc.request<Defined>(
        "definition",
        { label, size: SIZE },
        { key: "definition" },
      );
      if (signal.aborted || label !== this.label) return;
      [this.#label, this.#rev] = [label, result.rev];
      this.#draw(result, buffers);
    } catch (error) {
      if (error instanceof Cancelled) return;
      if (this.#pinned !== null) this.#pinned = null; // the label may be gone
      frame.fail(error, () => void this.follow());
    }
  }

  /** Make the instance shown an example of the label shown. */
  async example(right: boolean): Promise<void> {
    const { label } = this;
    const { instances, why } = this.#host.subject();
    const [instance_id] = instances;
    if (instance_id === undefined || !label) {
      this.#host.say(why ?? "Point at an instance first: it becomes an example of its label.", true);
      return;
    }
    try {
      const params = { label, instance_id, right };
      const { result } = await this.#host.rpc.request<{ note: string; rev: number }>("make_example", params);
      this.#host.made?.(result.rev);
      this.#host.say(result.note.replace(/^./, (c) => c.toUpperCase()));
      this.#rev = -1;
      if (this.el.isConnected) await this.follow();
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#host.say(said(error), true);
    }
  }

  #draw(found: Defined, buffers: DataView[]): void {
    const { path, color, key, text, right, wrong, more, lost } = found;
    const parents = path.slice(0, -1);
    const find = h("button.nbl-quiet.nbl-icon", {
      title: "look up another label",
      "aria-label": "look up another label",
      onclick: () => this.#host.find(find, found.label, (label) => this.#pin(label)),
    });
    find.textContent = "⌕";
    const crops = (examples: Example[], from: number) =>
      examples.map((example, i) => this.#crop(example, found, buffers[from + i]));
    const group = (name: string, mark: string, examples: HTMLElement[], keys: string, is: boolean) =>
      h(
        "div.nbl-examples",
        { "data-kind": name, role: "group", "aria-label": `${name} examples` },
        h(
          "div.nbl-examples-head",
          {},
          h("span", {}, `${mark} ${name}`),
          h(
            "button.nbl-quiet",
            {
              title: `the instance shown is a ${name} example (${keys}); again: it is none`,
              onclick: () => void this.example(is),
            },
            "+ this one ",
            h("kbd", {}, keys),
          ),
        ),
        examples.length ? h("div.nbl-examples-crops", {}, ...examples) : h("div.nbl-muted", {}, "none yet"),
      );
    const rest = [
      more > 0 && `${counted(more, "older example")} not shown`,
      lost > 0 && `${counted(lost, "example")} not in this dataset`,
    ].filter(Boolean);
    this.el.replaceChildren(
      h(
        "div.nbl-definition-head",
        {},
        h("i.nbl-swatch", { style: { background: color } }),
        h(
          "span.nbl-definition-name",
          {},
          parents.length ? h("span.nbl-muted", {}, `${parents.join(" › ")} › `) : "",
          h("b", {}, found.label),
        ),
        key ? h("kbd", { title: "its key" }, key) : "",
        find,
        this.#pinned !== null &&
          h(
            "button.nbl-quiet.nbl-icon",
            {
              title: "back to the label shown",
              "aria-label": "back to the label shown",
              onclick: () => this.#pin(null),
            },
            "↩",
          ),
      ),
      h(
        text ? "p" : "p.nbl-muted",
        {},
        text || `No text yet: ds.define(${JSON.stringify(found.label)}, text="…").`,
      ),
      group("right", "✓", crops(right, 0), "Alt+X", true),
      group("wrong", "✗", crops(wrong, right.length), "Alt+Shift+X", false),
      rest.length ? h("div.nbl-muted", {}, rest.join("; ")) : "",
    );
  }

  #pin(label: string | null): void {
    this.#pinned = label;
    this.#label = "";
    void this.follow();
  }

  #crop({ id, row, label }: Example, { rev }: Defined, file: DataView | undefined): HTMLElement {
    const image = h("img", { alt: `${label} ${id}` });
    if (file?.byteLength) {
      const url = URL.createObjectURL(new Blob([asBytes(file)]));
      image.onload = image.onerror = () => URL.revokeObjectURL(url);
      image.src = url;
    }
    const go = () => {
      if (rev === this.#host.store.rev) this.#host.store.setActive({ of: "instances", row }, "definition");
    };
    return h("button.nbl-example", { type: "button", title: `${label} ${id}: show it`, onclick: go }, image);
  }
}
