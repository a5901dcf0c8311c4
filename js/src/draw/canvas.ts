/** Canvases with the size of their layout on the page. */

/**
 * A cleared canvas with one pixel per device pixel.
 *
 * @returns null while the canvas has no size; it then keeps its content. JupyterLab hides everything for a moment
 * when its theme changes, and nothing would draw the canvas again, because its size is the same before and after.
 */
export function cleared(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const { clientWidth, clientHeight } = canvas;
  if (!clientWidth || !clientHeight) return null;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context?.setTransform(1, 0, 0, 1, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
