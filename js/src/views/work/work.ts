/** The line above the work of an annotator: what to do, how far the queue is, send, skip, accept, send back. */
import { h } from "../../draw/dom";
import type { Rpc } from "../../wire/rpc";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import { SPOT, SPOT_ASKED, type Spotted } from "../spot";
import { Activity, INPUT } from "./activity";
import { about, type Comment, LOST, left, nothing, type Place, task, written } from "./words";

const BEAT = 20_000; // milliseconds between two renewals of the lease
const LOOK = 10_000; // milliseconds between two looks for a task

type Form = "skip" | "rework";
const FORMS = {
  skip: {
    label: "Why do you skip it?",
    placeholder: "such as: blurred, or not sure what counts",
    act: "Skip it",
  },
  rework: {
    label: "What is to be done?",
    placeholder: "such as: the fish at the top is missing",
    act: "Send back",
  },
};

export class Work {
  readonly activity = new Activity();
  #state: Place | null = null;
  #form: Form | null = null;
  /** What the comment that is written is about; null: the picked instance, or the whole image. */
  #at: { x: number; y: number } | null = null;
  /** Which comment of the thread is marked on the picture; -1: none. */
  #marked = -1;
  #busy = false;
  /** There was input since the last beat. */
  #alive = false;
  readonly #what = h("b.nbl-work-what");
  readonly #done = h("span.nbl-work-done", { "aria-hidden": "true" });
  readonly #left = h("span.nbl-muted.nbl-work-left", { role: "status", "aria-live": "polite" });
  readonly #who = h("span.nbl-muted.nbl-work-who");
  readonly #said = h("div.nbl-work-said", { role: "status", "aria-live": "polite" });
  readonly #input = h("input.nbl-work-input", { type: "text", maxlength: 2000 });
  readonly #label = h("label.nbl-work-label");
  readonly #act = h("button.nbl-primary", { onclick: () => this.#give() });
  readonly #where = h("span.nbl-muted", { role: "status", "aria-live": "polite" });
  readonly #nowhere = h("button.nbl-quiet", { onclick: () => this.#point(null) }, "Remove the place");
  readonly #about = h("div.nbl-work-about", {}, this.#where, this.#nowhere);
  readonly #row: HTMLElement;
  readonly #nothing = h("div.nbl-work-nothing");
  readonly #buttons: Record<"skip" | "rework" | "accept" | "send", HTMLButtonElement>;

  constructor(
    private frame: Frame,
    model: { get(name: string): unknown },
    private rpc: Rpc,
    signal: AbortSignal,
    private clock: () => number = () => performance.now(),
  ) {
    const button = (name: string, key: string, title: string, act: () => void, kind: string) =>
      h(
        `button${kind}` as "button",
        { "data-act": name.toLowerCase(), title: key ? `${title} (${key})` : title, onclick: act },
        h("span", {}, name),
        key ? h("kbd", {}, key) : "",
      );
    const key = "Ctrl ⏎";
    this.#buttons = {
      skip: button(
        "Skip",
        "",
        "leave this task to others, for a reason",
        () => this.#open("skip"),
        ".nbl-quiet",
      ),
      rework: button("Send back", "", "to its annotator, with a comment", () => this.#open("rework"), ""),
      accept: button(
        "Accept",
        key,
        "the answer is right, as it is shown now",
        () => this.#press(),
        ".nbl-primary",
      ),
      send: button("Send", key, "send your answer; the next task comes", () => this.#press(), ".nbl-primary"),
    };
    this.#who.textContent = String(model.get("annotator"));
    frame.root.classList.add("nbl-work");
    const { skip, rework, accept, send } = this.#buttons;
    const tools = h("div.nbl-tools", {}, this.#who, skip, rework, accept, send);
    frame.toolbar.prepend(this.#what, h("span.nbl-work-bar", {}, this.#done), this.#left, tools);
    this.#label.htmlFor = this.#input.id = `nbl-work-${Math.random().toString(36).slice(2)}`;
    const cancel = h("button.nbl-quiet", { onclick: () => this.#open(null) }, "Cancel");
    this.#row = h("div.nbl-work-form", {}, this.#label, this.#input, this.#act, cancel, this.#about);
    this.#row.hidden = true;
    frame.body.append(this.#said, this.#row, this.#nothing);
    this.#listen(signal);
    rpc.on<Place>("state", (state) => this.#show(state));
    void this.#ask("now");
  }

  #listen(signal: AbortSignal): void {
    const doc = this.frame.root.ownerDocument;
    for (const type of INPUT)
      hear(doc, type, (event) => this.#inside(event) && this.#moved(), {
        signal,
        capture: true,
        passive: true,
      });
    hear(doc, "keydown", (event) => this.#key(event), { signal, capture: true });
    hear(this.#row, "keydown", (event) => this.#typed(event), { signal });
    hear(doc, SPOT_ASKED as "click", (event) => this.#inside(event) && this.#spot(), { signal });
    doc.addEventListener("visibilitychange", () => doc.hidden && this.activity.hidden(this.clock()), {
      signal,
    });
    const beat = window.setInterval(() => this.#beat(), BEAT);
    const look = window.setInterval(() => this.#look(), LOOK);
    const stop = () => {
      window.clearInterval(beat);
      window.clearInterval(look);
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  /** Keys of the question why: Enter gives the answer, Escape closes it. */
  #typed(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#open(null);
    else if (event.key === "Enter" && event.target === this.#input) this.#give();
    else return;
    claim(event);
  }

  /** Line and view lie in one box. */
  get #place(): Element {
    const { root } = this.frame;
    return root.closest(".widget-vbox, .jupyter-widget-vbox") ?? root;
  }

  #inside(event: Event): boolean {
    return event.target instanceof Node && this.#place.contains(event.target);
  }

  #moved(): void {
    this.activity.input(this.clock());
    this.#alive = true;
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !this.#inside(event)) return;
    claim(event);
    event.stopImmediatePropagation();
    if (this.#form) this.#give();
    else this.#press();
  }

  /** The button that goes on: send, or accept. */
  #press(): void {
    const state = this.#state;
    if (!state?.job || this.#busy) return;
    if (state.step === "review")
      void this.#ask("decide_on", { verdict: "approve", comment: "", place: null });
    else if (state.by === "line") void this.#ask("send_answer");
  }

  #give(): void {
    const text = this.#input.value.trim();
    if (this.#form === "skip") void this.#ask("skip_task", { reason: text });
    else if (text) void this.#ask("decide_on", { verdict: "rework", comment: text, place: this.#at });
    else focusOn(this.#input);
  }

  #open(form: Form | null): void {
    this.#form = form;
    this.#row.hidden = !form;
    this.#input.value = "";
    if (form) {
      this.#label.textContent = FORMS[form].label;
      this.#input.placeholder = FORMS[form].placeholder;
      this.#act.textContent = FORMS[form].act;
      focusOn(this.#input);
    } else this.#view()?.focus({ preventScroll: true });
    this.#point(null);
  }

  /** The comment is about this place. */
  #point(at: { x: number; y: number } | null): void {
    this.#at = at;
    const isAsked = this.#form === "rework" && this.#state?.by === "line";
    this.#about.hidden = !isAsked;
    this.#nowhere.hidden = !at;
    this.#where.textContent = about(at);
    this.#spot();
  }

  /** Show the place of a comment on the picture, or ask for one. */
  #spot(): void {
    const { image = -1, by, thread = [] } = this.#state ?? {};
    const isAsked = this.#form === "rework" && by === "line";
    const at = isAsked ? this.#at : thread[this.#marked]?.place;
    const detail: Spotted = {
      image,
      at: at ? [at.x, at.y] : null,
      pick: isAsked ? ([x, y]) => this.#point({ x, y }) : null,
    };
    this.#view()?.dispatchEvent(new CustomEvent(SPOT, { detail }));
  }

  #view(): HTMLElement | null {
    return this.#place.querySelector<HTMLElement>(".nbl:not(.nbl-work)");
  }

  #beat(): void {
    if (!this.#alive || this.#busy || this.#state?.phase !== "task") return;
    this.#alive = false;
    void this.#ask("beat", {}, false);
  }

  #look(): void {
    const phase = this.#state?.phase;
    if ((phase === "waiting" || phase === "done") && !this.frame.root.ownerDocument.hidden && !this.#busy)
      void this.#ask("look_again", {}, false);
  }

  async #ask(method: string, params: Record<string, unknown> = {}, act = true): Promise<void> {
    const seconds = Math.round(this.activity.seconds(this.clock()) * 100) / 100;
    const timed = method === "now" || method === "look_again" ? {} : { seconds };
    const job = act && method !== "now" ? { job: this.#state?.job ?? 0 } : {};
    this.#busy = act;
    this.#update();
    try {
      const { result } = await this.rpc.request<Place>(method, { ...params, ...timed, ...job });
      this.#busy = false;
      if (act) this.frame.settle();
      this.#show(result);
    } catch (error) {
      this.#busy = false;
      this.frame.fail(error);
      if (act && method !== "now") void this.#ask("now");
      else this.#update();
    }
  }

  #show(state: Place): void {
    const before = this.#state;
    this.#state = state;
    if (before?.job !== state.job) {
      this.#marked = state.thread.map((one) => Boolean(one.place)).lastIndexOf(true);
      this.activity.restart(this.clock());
      if (this.#form) this.#open(null);
      if (before) requestAnimationFrame(() => this.#view()?.focus({ preventScroll: true }));
    }
    this.#update();
    this.#spot();
  }

  #update(): void {
    const state = this.#state;
    if (!state) return;
    const { tasks, open, held, review, rework, job } = state;
    this.#what.textContent = job ? task(state) : state.name;
    this.#left.textContent = left(state);
    const rest = Math.min(open + held + review + rework, tasks);
    this.#done.style.width = `${tasks ? Math.round((100 * (tasks - rest)) / tasks) : 0}%`;
    const isReview = state.step === "review";
    const { skip, rework: back, accept, send } = this.#buttons;
    skip.hidden = !job;
    back.hidden = accept.hidden = !isReview;
    send.hidden = !job || isReview || state.by === "view";
    for (const button of [skip, back, accept, send]) button.disabled = this.#busy || this.rpc.lost;
    this.#say(state);
    const none = nothing(state);
    this.#nothing.hidden = Boolean(job);
    this.#nothing.replaceChildren(h("b", {}, none.title), h("p", {}, none.text));
  }

  /** The line below: a lost lease, the comments, what became of the answer before. */
  #say({ phase, author, answer, note, thread }: Place): void {
    const lost = phase === "lost" && LOST;
    const about = answer && `${author} said: ${answer}`;
    const lines: HTMLElement[] = [note, lost, about].filter(Boolean).map((text) => h("p", {}, String(text)));
    if (thread.length)
      lines.push(
        h(
          "ol.nbl-work-thread",
          { "aria-label": "Comments" },
          ...thread.map((one, i) => this.#comment(one, i)),
        ),
      );
    this.#said.hidden = !lines.length;
    this.#said.dataset.kind = lost ? "lost" : thread.length ? "asked" : "";
    const before = this.#said.querySelector(".nbl-work-thread");
    const isSame = before?.childElementCount === thread.length;
    const at = before?.scrollTop ?? 0;
    this.#said.replaceChildren(...lines);
    const list = this.#said.querySelector(".nbl-work-thread");
    if (list) list.scrollTop = isSame ? at : list.scrollHeight; // the newest comment is at the end
  }

  /** One comment: who, when, what, and a button that marks where. */
  #comment(one: Comment, number: number): HTMLElement {
    const isMarked = number === this.#marked;
    const mark = () => {
      this.#marked = isMarked ? -1 : number;
      this.#update();
      this.#spot();
    };
    const place = one.place && `at ${Math.round(one.place.x)}, ${Math.round(one.place.y)}`;
    const where = place && h("button.nbl-toggle", { "aria-pressed": String(isMarked), onclick: mark }, place);
    return h("li", {}, h("span.nbl-muted", {}, written(one)), where || "", h("span", {}, one.text));
  }
}
