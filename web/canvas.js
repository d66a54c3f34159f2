// Canvases: sharp on every screen, in the colours of the style sheet.

let colours;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ['data', 'line', 'text', 'dim', 'up', 'wait', 'down', 'card'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export function palette() {
  colours ??= readColours();
  return colours;
}

/** Calls back once the scheme has changed from light to dark or back. */
export function onSchemeChange(redraw) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = undefined;
    redraw();
  });
}

/** An empty canvas of its size on the page: {context, width, height} in CSS pixels. */
export function cleared(canvas) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
