/** A widget of the person's own, of whatever kind, in the panel. */
import { h } from "../../draw/dom";
import { said } from "../../wire/rpc";
import type { Model } from "./beside";
import type { OwnWidget } from "./wire";

interface View {
  el: HTMLElement;
  remove(): void;
  luminoWidget?: { constructor: { attach(widget: unknown, host: HTMLElement): void }; dispose(): void };
}

interface Manager {
  get_model(id: string): Promise<unknown>;
  create_view?(model: unknown, options?: object): Promise<View>;
}

export class Custom {
  readonly root = h("section.nbl-beside-custom", { "aria-label": "your widget" });
  #id = "";
  #close: () => void = () => {};
  #turn = 0;

  readonly #model: Model;

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    this.root.hidden = true;
    // Keys of its controls are not for the view.
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** Show what the function made; the same widget stays as it is. */
  async show({ model: id, text, problem }: OwnWidget): Promise<void> {
    const turn = ++this.#turn;
    this.root.hidden = !(id || text || problem);
    if (id && id === this.#id) return;
    this.#close();
    this.#id = id;
    this.root.replaceChildren();
    if (problem) this.#say(problem, "nbl-beside-problem");
    else if (text) this.#say(text, "nbl-beside-text");
    if (!id) return;
    try {
      const view = await this.#view(id);
      if (turn !== this.#turn) return view.remove();
      this.#place(view);
    } catch (error) {
      if (turn === this.#turn) this.#say(said(error), "nbl-beside-problem");
    }
  }

  async #view(id: string): Promise<View> {
    const manager = (this.#model as unknown as { widget_manager?: Manager }).widget_manager;
    if (!manager?.create_view) throw new Error("This host shows no widgets inside of others.");
    return manager.create_view(await manager.get_model(id), {});
  }

  /** As a part of the page, JupyterLab tells it when it is there and how large it is. */
  #place(view: View): void {
    const { luminoWidget: widget } = view;
    const place = h("div");
    this.root.append(place);
    if (widget && place.isConnected) widget.constructor.attach(widget, place);
    else place.append(view.el);
    this.#close = () => {
      this.#close = () => {};
      this.#id = "";
      view.remove();
      place.remove();
    };
  }

  #say(text: string, kind: string): void {
    this.root.append(h("div", { class: kind }, text));
  }
}
