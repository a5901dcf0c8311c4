/** Canvases that are as large as the page lays them out. */

/**
 * A clear canvas with a pixel for each of the device.
 *
 * @returns null while it has no room: hidden, as JupyterLab hides everything for a moment when its theme changes, it
 * keeps what it shows. Nobody would draw it again, for it is as large after as before.
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
