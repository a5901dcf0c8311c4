/** The panel beside the picture: layers, texts, pictures and videos of the image shown, and a widget of one's own. */
import { h } from "../../draw/dom";
import { asBytes } from "../../wire/codec";
import { Cancelled, said } from "../../wire/rpc";
import { claim } from "../elements";
import type { Follows, Place } from "./beside";
import { Custom } from "./custom";
import { Guide } from "./guide";
import { Overlays } from "./overlays";
import type { Content, Item, Listed, OwnWidget } from "./wire";

const AT_ONCE = 16 << 20; // bytes of a video that is loaded without being asked for
export const KEYS: readonly (readonly [string, string])[] = [
  [",", "guidelines of the dataset"],
  [".", "layers over the picture on or off"],
  ["Shift+.", "layers blink"],
];

export class Panel implements Follows {
  readonly root = h("aside.nbl-beside", { "aria-label": "beside the picture" });
  readonly #items = h("div.nbl-beside-items");
  readonly #none = h("p.nbl-muted.nbl-beside-none", {}, "Nothing is attached to this image.");
  readonly #overlays: Overlays;
  readonly #custom: Custom;
  readonly #guide: Guide;
  readonly #guidelines = h(
    "button.nbl-quiet",
    { title: "guidelines of the dataset (,)", onclick: () => this.#guide.toggle() },
    "Guidelines",
  );
  readonly #toggle = h(
    "button.nbl-toggle.nbl-beside-toggle",
    { title: "what is attached, on or off", "aria-pressed": "true", onclick: () => this.#fold() },
    "Beside",
  );
  #folded = false;
  #image: number | null = null;
  #loading = new AbortController();
  #addresses: string[] = [];
  #introduced = false;
  /** What is shown, as the kernel said it. */
  #arranged = "";

  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    const { frame, signal, model, rpc } = place;
    const lay = () => place.lay?.((imageId) => this.#overlays.of(imageId));
    this.#overlays = new Overlays(lay, signal);
    this.#custom = new Custom(model, signal);
    this.root.append(this.#overlays.root, this.#custom.root, this.#items, this.#none);
    this.#toggle.hidden = this.#guidelines.hidden = this.root.hidden = true;
    const row = frame.beside(this.root);
    const seen = () => {
      if (this.#introduced) rpc.request("beside_seen").catch(() => {});
      this.#introduced = false;
    };
    this.#guide = new Guide(frame, row, seen);
    frame.root.append(h("style", {}, String(model.get("_beside_style" as never) ?? "")));
    (frame.toolbar.querySelector(".nbl-tools") ?? frame.toolbar).append(this.#guidelines, this.#toggle);
    frame.keys.push(...(place.lay ? KEYS : KEYS.slice(0, 1)));
    frame.root.addEventListener("keydown", (event) => this.#key(event), { signal, capture: true });
    rpc.on<{ again: boolean }>("beside", ({ again }) => void this.#ask(again));
    signal.addEventListener("abort", () => this.#drop(), { once: true });
    void this.#ask(false);
  }

  show(imageId: number | null): void {
    if (imageId === this.#image) return;
    this.#image = imageId;
    this.#overlays.clear(imageId ?? -1);
    void this.#ask(true);
  }

  /** Ask the kernel what there is beside the image. @param again call the function that makes widgets, too. */
  async #ask(again: boolean): Promise<void> {
    const image = this.#image;
    try {
      const { rpc } = this.#place;
      const { result } = await rpc.request<Listed>(
        "beside_image",
        { image_id: image ?? -1 },
        { key: "beside" },
      );
      if (this.#image !== image || this.#place.signal.aborted) return;
      const now = JSON.stringify(result);
      if (now !== this.#arranged) this.#arrange(result);
      this.#arranged = now;
      if (result.custom && image !== null) again && (await this.#make(image));
      else void this.#custom.show({ model: "", text: "", problem: "" });
    } catch (error) {
      if (error instanceof Cancelled || this.#image !== image) return;
      this.#arranged = "";
      this.#items.replaceChildren(problem(error));
    }
  }

  async #make(image: number): Promise<void> {
    const { rpc } = this.#place;
    const { result } = await rpc.request<OwnWidget>(
      "beside_widget",
      { image_id: image },
      { key: "beside-widget" },
    );
    if (this.#image === image) await this.#custom.show(result);
  }

  #arrange(listed: Listed): void {
    this.#drop();
    this.#loading = new AbortController();
    this.#overlays.clear(this.#image ?? -1);
    const { items, any, custom, guidelines } = listed;
    this.#guide.text = guidelines;
    this.#guidelines.hidden = !guidelines;
    const has = (any || custom) && this.#image !== null;
    this.#toggle.hidden = !has;
    this.root.hidden = !has || this.#folded;
    this.#none.hidden = items.length > 0 || custom;
    this.#items.replaceChildren(
      ...items.filter(({ kind }) => !this.#isLayer(kind)).map((one) => this.#card(one)),
    );
    for (const item of items) if (this.#isLayer(item.kind)) this.#layer(item);
    if (listed.introduce && this.#image !== null && !this.#introduced) {
      this.#introduced = true;
      this.#guide.open(true);
    }
  }

  /** Where pictures have no layers, an overlay is a picture of the panel. */
  #isLayer(kind: string): boolean {
    return kind === "overlay" && Boolean(this.#place.lay);
  }

  #layer(item: Item): void {
    const { row, came } = this.#overlays.add(item);
    this.#load(item)
      .then(({ result, buffers }) => came(result, buffers[0]))
      .catch((error) => row.append(problem(error)));
  }

  #card(item: Item): HTMLElement {
    const content = h("div.nbl-beside-content", {}, h("span.nbl-muted", {}, "…"));
    const name = h("figcaption.nbl-beside-name", { title: item.name }, h("span", {}, item.name));
    const card = h("figure.nbl-beside-card", { "data-kind": item.kind }, name, content);
    const fill = () => {
      content.replaceChildren(h("span.nbl-muted", {}, "…"));
      this.#load(item)
        .then(({ result, buffers }) => content.replaceChildren(...this.#filled(item, result, buffers)))
        .catch((error) => content.replaceChildren(problem(error)));
    };
    const large = item.kind === "video" && item.bytes !== null && item.bytes > AT_ONCE;
    if (large) {
      const size = `${Math.round(item.bytes! / (1 << 20))} MB`;
      content.replaceChildren(h("button", { onclick: fill }, `Load the video (${size})`));
    } else fill();
    return card;
  }

  #load(item: Item) {
    const { signal } = this.#loading;
    return this.#place.rpc.request<Content>("beside_file", { attachment_id: item.id }, { signal });
  }

  #filled({ kind, name }: Item, { text, cut, mime }: Content, buffers: DataView[]): HTMLElement[] {
    if (kind === "text") {
      const more = h("div.nbl-muted", {}, "The text is longer; this is its beginning.");
      return [h("div.nbl-beside-text", {}, text ?? ""), ...(cut ? [more] : [])];
    }
    const address = URL.createObjectURL(new Blob([asBytes(buffers[0])], { type: mime ?? "" }));
    this.#addresses.push(address);
    const element =
      kind === "video"
        ? h("video", { src: address, controls: true, loop: true, muted: true, playsinline: true })
        : h("img", { src: address, alt: name || "attached picture" });
    // The keys of a video's own controls are not for the view.
    element.addEventListener("keydown", (event) => event.stopPropagation());
    element.addEventListener("error", () =>
      element.replaceWith(problem(new Error(`the browser cannot show this ${mime}`))),
    );
    return [element];
  }

  #drop(): void {
    this.#loading.abort();
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = [];
  }

  #fold(): void {
    this.#folded = !this.#folded;
    this.root.hidden = this.#folded;
    this.#toggle.setAttribute("aria-pressed", String(!this.#folded));
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (this.#guide.isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches?.("textarea, select, input:not([type=checkbox]):not([type=range]), [contenteditable]"))
      return;
    if (this.#custom.root.contains(target)) return;
    if (event.key === "," && this.#guide.text) this.#guide.open();
    else if (event.code === "Period" && event.shiftKey && this.#place.lay) this.#overlays.blink();
    else if (event.key === "." && this.#place.lay) this.#overlays.toggle();
    else return;
    claim(event);
  }
}

/** An error in the place of what cannot be shown. */
function problem(error: unknown): HTMLElement {
  if (error instanceof Cancelled) return h("span");
  return h("div.nbl-beside-problem", { role: "note" }, said(error));
}
