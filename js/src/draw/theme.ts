/** Colors for canvases, read from the styles that the page gives the widget; see widgets/theme.css. */

export interface Theme {
  dark: boolean;
  background: string;
  text: string;
  muted: string;
  border: string;
  accent: string;
}

/** @param root an element with the class `nbl`. */
export function readTheme(root: HTMLElement): Theme {
  const style = getComputedStyle(root);
  const [r, g, b] = (style.backgroundColor.match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    dark: 0.299 * r + 0.587 * g + 0.114 * b < 128,
    background: style.backgroundColor,
    text: style.color,
    muted: read("--nbl-muted"),
    border: read("--nbl-border"),
    accent: read("--nbl-accent"),
  };
}

/** Call back in the frame after the page changed between light and dark: until then it may be hidden. */
export function watchTheme(callback: () => void, signal: AbortSignal): void {
  let frame = 0;
  const changed = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(callback);
  };
  const observer = new MutationObserver(changed);
  const attributes = { attributes: true, attributeFilter: ["data-jp-theme-name", "class", "data-theme"] };
  observer.observe(document.body, attributes);
  observer.observe(document.documentElement, attributes);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", changed, { signal });
  const stop = () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
  signal.addEventListener("abort", stop, { once: true });
}
