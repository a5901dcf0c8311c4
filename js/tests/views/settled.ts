/** Waits in tests of whole views: not for some time alone, which a busy machine takes for less. */

/** Some time, and then until the page stays as it is for a few frames. */
export async function settled(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  let before = "";
  while (before !== document.body.innerHTML) {
    before = document.body.innerHTML;
    for (let i = 0; i < 4; i++) await frame();
  }
}

/** One frame, and what it set off. */
async function frame(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
