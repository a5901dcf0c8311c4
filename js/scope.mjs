/**
 * Styles of one view, kept to it: all widgets of a page share one document, and each brings its style sheet, the
 * common theme in it. Every selector's subject must lie in the view, which also makes the view's rules stronger
 * than the theme's, in whatever order the sheets are loaded.
 *
 * @param {string} css without nesting.
 * @param {string} root selector of the view's outermost element.
 */
export function scope(css, root) {
  const inside = `:is(${root}, ${root} *)`;
  const text = css.replace(/\/\*[\s\S]*?\*\//g, "");
  let out = "";
  let at = 0;
  const frames = []; // what the braces open around here belong to
  for (const { 0: sign, index } of text.matchAll(/[{};]/g)) {
    const part = text.slice(at, index);
    if (insideUrl(text, index)) continue;
    at = index + 1;
    if (sign === "}") frames.pop();
    if (sign === "{") {
      const head = part.trim();
      const isRule = !head.startsWith("@") && !frames.some((frame) => frame.startsWith("@keyframes"));
      frames.push(head);
      const confined = selectors(head).map((one) => confine(one, inside));
      out += isRule ? `${confined.join(", ")}{` : `${part}{`;
    } else out += part + sign;
  }
  return out + text.slice(at);
}

/** Between the quotes of a data URL, braces and semicolons are letters. */
function insideUrl(text, index) {
  const line = text.slice(text.lastIndexOf("\n", index) + 1, index);
  return (line.match(/"/g) ?? []).length % 2 === 1;
}

function selectors(list) {
  const out = [""];
  let depth = 0;
  for (const letter of list) {
    if (letter === "(" || letter === "[") depth++;
    if (letter === ")" || letter === "]") depth--;
    if (letter === "," && depth === 0) out.push("");
    else out[out.length - 1] += letter;
  }
  return out.map((one) => one.trim());
}

function confine(selector, inside) {
  const [, before, pseudo] = /^(.*?)(::[\w-]+(?:\([^)]*\))?(?::[\w-]+)*)?$/.exec(selector);
  return `${before}${inside}${pseudo ?? ""}`;
}
