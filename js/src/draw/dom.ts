/** Elements without innerHTML: data is only inserted as text. */

type Properties = Record<string, unknown>;

/**
 * @param tag "button.nbl-quiet": a tag with classes.
 * @param properties attributes; "on…" are listeners; false and null are left out.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name) as HTMLElementTagNameMap[K];
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if ((value ?? false) === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value as EventListener);
    else if (key === "style" && typeof value === "object") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

type Child = Node | string | null | false | undefined;

function present(children: Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => (child ?? false) !== false);
}

/**
 * Replace the children of a parent, unless the new ones are equal: a button that is replaced between press and
 * release gets no click. Children that stay keep their old handlers, so handlers must not capture values that change.
 */
export function renew(parent: Element, ...children: Child[]): void {
  const next = document.createElement(parent.tagName);
  next.append(...present(children));
  const { childNodes: old } = parent;
  const same = (node: Node, i: number) => i < old.length && node.isEqualNode(old[i]);
  if (old.length !== next.childNodes.length || ![...next.childNodes].every(same))
    parent.replaceChildren(...next.childNodes);
}

/** Run at most once per frame; never after the signal aborts. */
export function perFrame(work: () => void, signal: AbortSignal): () => void {
  let frame = 0;
  signal.addEventListener("abort", () => cancelAnimationFrame(frame), { once: true });
  return () => {
    if (frame || signal.aborted) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      work();
    });
  };
}
