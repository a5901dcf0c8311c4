"""What the views say can be read, in both themes: WCAG 2.2's level AA for texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from .notebook import notebook, settled
from .test_theme import SETUP, VIEWS

pytestmark = pytest.mark.browser

# Colors are laid over each other on a canvas of one pixel, as on the page. What is disabled may be faint.
PALE = """() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const seen = colors => {
        pen.globalAlpha = 1;
        pen.fillStyle = '#fff';
        pen.fillRect(0, 0, 1, 1);
        for (const [color, alpha] of colors) {
            pen.globalAlpha = alpha;
            pen.fillStyle = color;
            pen.fillRect(0, 0, 1, 1);
        }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = rgb => rgb.map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const found = new Set();
    for (const view of document.querySelectorAll('.nbl')) {
        const texts = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            const text = texts.currentNode.textContent.trim();
            const hidden = !element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
            if (!text || hidden || element.closest(':disabled, .nbl-empty, option, style')) continue;
            const layers = [];
            let alpha = 1;
            for (let at = element; at; at = at.parentElement) {
                const style = getComputedStyle(at);
                layers.unshift([style.backgroundColor, 1]);
                alpha *= Number(style.opacity);
            }
            const { color, fontSize, fontWeight } = getComputedStyle(element);
            const [low, high] = [seen(layers), seen([...layers, [color, alpha]])].map(luminance)
                .sort((a, b) => a - b);
            const size = parseFloat(fontSize);
            const least = size >= 24 || (size >= 18.66 && fontWeight >= 600) ? 3 : 4.5;
            const ratio = (high + 0.05) / (low + 0.05);
            const where = `${view.getAttribute('aria-label')} .${[...element.classList].join('.')}`;
            if (ratio < least) found.add(`${where} "${text.slice(0, 24)}" ${ratio.toFixed(2)}`);
        }
    }
    return [...found];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_of_the_views_can_be_read(tmp_path: Path, theme: str) -> None:
    with notebook(tmp_path, [SETUP, *VIEWS.values()], theme=theme, width=1100, height=3600) as book:
        book.page.locator('.nbl[aria-label="Verify"] .nbl-verify-card canvas').first.wait_for(timeout=30_000)
        book.run("ws.select(run.query('score > 0.6')); ws.selection.active = ('predictions', 3)")
        settled(book)
        pale = book.page.evaluate(PALE)
        assert not pale, "\n".join(pale)
