/** How pictures are shown, one setting for all views of a workspace: the sliders, and the mark of auto contrast. */
import type { Adjustment } from "../core/values/adjust";
import { h } from "../draw/dom";
import { Cancelled, type Rpc } from "../wire/rpc";
import { hear } from "./elements";
import type { Frame } from "./frame";
import { Popover } from "./popover";

export interface Display extends Adjustment {
  /** null: only for pictures that are dark or have more than eight bits. */
  auto: boolean | null;
}

/** The model of the widget; each view has its own type for it. */
interface Model {
  get(name: never): unknown;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

const REST = 100; // milliseconds without a change until pictures are fetched again
const NONE: Display = { auto: null, brightness: 0, contrast: 0, gamma: 1 };
const AUTO = [
  ["dark pictures", null],
  ["every picture", true],
  ["off", false],
] as const;

/** The display setting of the kernel; changes made here apply at once, and in the kernel when it has time. */
export class DisplaySetting {
  value: Display;
  /** Version of the setting; pictures made with another version are out of date. */
  version = 0;
  #asked: Display | null = null;
  #rest = 0;
  #live = new Set<() => void>();
  #settled = new Set<() => void>();
  readonly #held: () => Display;
  readonly #rpc: Rpc;
  readonly #fail: (error: unknown) => void;

  constructor(model: Model, rpc: Rpc, fail: (error: unknown) => void, signal: AbortSignal) {
    this.#rpc = rpc;
    this.#fail = fail;
    this.#held = () => ({ ...NONE, ...(model.get("_display" as never) as Display | undefined) });
    this.value = this.#held();
    const changed = () => this.#asked ?? this.#take(this.#held());
    model.on("change:_display", changed);
    hear(signal, "abort", () => {
      window.clearTimeout(this.#rest);
      model.off("change:_display", changed);
    });
  }

  /** @param live called on each change. @param settled called when pictures should be fetched again. */
  watch(live: () => void, settled: () => void = () => {}): void {
    this.#live.add(live);
    this.#settled.add(settled);
  }

  set(part: Partial<Display>): void {
    const asked = { ...this.value, ...part };
    this.#asked = this.value = asked;
    this.#tell();
    const done = (now: Display) => {
      if (this.#asked !== asked) return;
      this.#asked = null;
      this.#take(now);
    };
    this.#rpc.request<Display>("set_display", asked, { key: "display" }).then(
      ({ result }) => done(result),
      (error) => {
        if (error instanceof Cancelled) return; // a newer request is under way, or there is no kernel
        this.#fail(error);
        done(this.#held());
      },
    );
  }

  #take(value: Display): void {
    this.value = value;
    this.version++;
    this.#tell();
    window.clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => {
      for (const settled of this.#settled) settled();
    }, REST);
  }

  #tell(): void {
    for (const live of this.#live) live();
  }
}

interface Slider {
  name: keyof Adjustment;
  /** From the slider's -50..50 to the value and back. */
  read(at: number): number;
  place(value: number): number;
  say(value: number): string;
}

const signed = (value: number) => (value > 0 ? "+" : "") + Math.round(value * 100);
const even = { read: (at: number) => at / 50, place: (value: number) => value * 50, say: signed };
const SLIDERS: readonly Slider[] = [
  { name: "brightness", ...even },
  { name: "contrast", ...even },
  {
    name: "gamma",
    read: (at) => Math.round(5 ** (at / 50) * 100) / 100,
    place: (value) => (Math.log(value) / Math.log(5)) * 50,
    say: (value) => value.toFixed(2),
  },
];

/** The controls of a setting; they follow its changes. */
export function displayRows(setting: DisplaySetting): HTMLElement[] {
  const auto = h("select", {}, ...AUTO.map(([text]) => h("option", {}, text)));
  auto.addEventListener("change", () => setting.set({ auto: AUTO[auto.selectedIndex][1] }));
  const sliders = SLIDERS.map(({ name, read, place, say }) => {
    const input = h("input", { type: "range", min: -50, max: 50, step: 1 });
    const shown = h("output");
    input.addEventListener("input", () => setting.set({ [name]: read(input.valueAsNumber) }));
    const refresh = () => {
      const at = String(Math.round(place(setting.value[name])));
      if (input.value !== at) input.value = at;
      shown.textContent = say(setting.value[name]);
    };
    return { row: h("label.nbl-slider", {}, h("span", {}, name), input, shown), refresh };
  });
  const refresh = () => {
    auto.selectedIndex = AUTO.findIndex(([, value]) => value === setting.value.auto);
    for (const slider of sliders) slider.refresh();
  };
  refresh();
  setting.watch(refresh);
  return [
    h("label.nbl-slider", {}, h("span", {}, "auto contrast"), auto),
    ...sliders.map(({ row }) => row),
    h("button", { onclick: () => setting.set(NONE) }, "Reset pictures"),
  ];
}

/** "auto contrast", shown while it changes a picture in view; a click turns it off. */
export function autoMark(setting: DisplaySetting): HTMLElement {
  return h(
    "button.nbl-quiet.nbl-auto",
    {
      hidden: true,
      title:
        "dark pictures are stretched from their 2nd to their 98th percentile; click to see them as they are",
      onclick: () => setting.set({ auto: false }),
    },
    "auto contrast",
    h("span", { "aria-hidden": true }, "×"),
  );
}

/** The mark and a button for the controls, for a toolbar. */
export class DisplayControl {
  readonly root: HTMLElement;
  readonly setting: DisplaySetting;
  readonly #mark: HTMLElement;

  constructor(frame: Frame, model: Model, rpc: Rpc, signal: AbortSignal) {
    this.setting = new DisplaySetting(model, rpc, frame.fail, signal);
    this.#mark = autoMark(this.setting);
    const popover = new Popover(frame, signal);
    const rows = displayRows(this.setting);
    const open = h("button.nbl-quiet.nbl-icon", {
      title: "brightness and contrast of pictures",
      "aria-label": "how pictures look",
      "aria-haspopup": "dialog",
      onclick: () => popover.show("display", "how pictures look", open, [h("div.nbl-display", {}, ...rows)]),
    });
    open.append(h("i.nbl-tone"));
    this.root = h("span.nbl-shown", {}, this.#mark, open);
  }

  /** @param on whether auto contrast changed a picture in view. */
  applied(on: boolean): void {
    this.#mark.hidden = !on;
  }
}
