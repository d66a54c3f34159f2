// Canvases: sharp at every pixel ratio, in the colours of the style sheet.

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

/** Calls `redraw` each time the scheme changes between light and dark. */
export function onSchemeChange(redraw) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = undefined;
    redraw();
  });
}

/** Clears the canvas and fits it to its size on the page. Returns {context, width, height} in CSS pixels. */
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
