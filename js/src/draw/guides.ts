/** Lines, corners and cursors of the active tool: light on dark, visible on any image. */
import { type Camera, toScreen } from "../core/space/camera";
import { green, halo, vermilion, white } from "./palette";

export class Guides {
  constructor(
    private pen: CanvasRenderingContext2D,
    private camera: Camera,
    /** Device pixels per CSS pixel. */
    private unit: number,
    private color: string,
  ) {}

  path(points: ArrayLike<number>, closed = false, dashed = false): void {
    if (points.length < 4) return;
    const { pen, unit } = this;
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = toScreen(this.camera, points[i], points[i + 1]);
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    if (closed) pen.closePath();
    pen.setLineDash([]);
    this.#stroke(halo, 3 * unit);
    pen.setLineDash(dashed ? [4 * unit, 3 * unit] : []);
    this.#stroke(dashed ? white : this.color, 1.5 * unit);
    pen.setLineDash([]);
  }

  corners(points: ArrayLike<number>, strong = -1): void {
    for (let i = 0; i < points.length; i += 2) this.corner(points[i], points[i + 1], i / 2 === strong);
  }

  corner(x: number, y: number, strong = false): void {
    const { pen, unit } = this;
    const [sx, sy] = toScreen(this.camera, x, y);
    const half = (strong ? 5 : 3.5) * unit;
    pen.fillStyle = halo;
    pen.fillRect(sx - half - unit, sy - half - unit, 2 * (half + unit), 2 * (half + unit));
    pen.fillStyle = strong ? this.color : white;
    pen.fillRect(sx - half, sy - half, 2 * half, 2 * half);
  }

  point(x: number, y: number, inside: boolean): void {
    const { pen, unit } = this;
    const [sx, sy] = toScreen(this.camera, x, y);
    pen.beginPath();
    pen.arc(sx, sy, 6 * unit, 0, 2 * Math.PI);
    pen.fillStyle = inside ? green : vermilion;
    pen.fill();
    this.#stroke(white, 1.5 * unit);
    pen.fillStyle = white;
    pen.fillRect(sx - 3 * unit, sy - unit * 0.75, 6 * unit, unit * 1.5);
    if (inside) pen.fillRect(sx - unit * 0.75, sy - 3 * unit, unit * 1.5, 6 * unit);
  }

  /** @param size diameter, pixels of the image. */
  brush(x: number, y: number, size: number, shape: "circle" | "square", erase: boolean): void {
    const { pen, unit } = this;
    const [sx, sy] = toScreen(this.camera, x, y);
    const radius = Math.max((size / 2) * this.camera.scale, unit);
    pen.beginPath();
    if (shape === "circle") pen.arc(sx, sy, radius, 0, 2 * Math.PI);
    else pen.rect(sx - radius, sy - radius, 2 * radius, 2 * radius);
    this.#stroke(halo, 3 * unit);
    pen.setLineDash(erase ? [3 * unit, 3 * unit] : []);
    this.#stroke(white, 1.25 * unit);
    pen.setLineDash([]);
  }

  #stroke(color: string, width: number): void {
    this.pen.strokeStyle = color;
    this.pen.lineWidth = width;
    this.pen.stroke();
  }
}
