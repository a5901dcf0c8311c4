/** Durations for `benchmarks/`: a PerformanceObserver sees each; the timeline keeps only the last. */
export function measured(name: string, start: number): void {
  performance.clearMeasures(name);
  performance.measure(name, { start, end: performance.now() });
}

export function timed(name: string, work: () => void): void {
  const start = performance.now();
  work();
  measured(name, start);
}
