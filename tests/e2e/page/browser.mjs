// Opens the page in Chromium, collects its console messages and counts pixels of its charts.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** Opens the page. `complaints` collects all console messages and errors. */
export async function openPage(browser, daemon, { hash = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => page.complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack}`));
  page.on('dialog', (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(daemon.url + hash);
  return page;
}

export const ready = (page) => page.locator('html.ready').waitFor();

export const screenshot = (page, name) => page.screenshot({ path: `screenshots/${name}.png` });

const row = (page, key) => page.locator(`tr[data-key="${key}"]`);
export const rowOf = (page, name) => row(page, `name=${name}`);
export const groupOf = (page, base) => row(page, `base=${base}`);
export const cell = (locator, column) => locator.locator(`.col-${column}`);
export const names = (page) => page.locator('tbody:not(.space) .name').allTextContents();

/** Counts the pixels of a chart whose colour is close to that of a variable of the style sheet. */
export async function pixels(chart, variable = 'data', from = 0) {
  return chart.evaluate(async (element, [name, top]) => {
    const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (width === 0 || height === 0) return 0;
    // Reads a copy: reading a canvas makes it slow.
    const size = element instanceof HTMLCanvasElement ? [element.width, element.height] : [width, height];
    const copy = new OffscreenCanvas(...size).getContext('2d', { willReadFrequently: true });
    if (element instanceof HTMLCanvasElement) {
      copy.drawImage(element, 0, 0);
    } else {
      for (const line of element.querySelectorAll('polyline')) {
        copy.strokeStyle = getComputedStyle(line).stroke;
        copy.lineWidth = 2;
        copy.beginPath();
        const matrix = line.getScreenCTM();
        const box = element.getBoundingClientRect();
        for (const point of line.points) {
          const { x, y } = point.matrixTransform(matrix);
          copy.lineTo(x - box.x, y - box.y);
        }
        copy.stroke();
      }
    }
    const begin = Math.floor(size[1] * top);
    const { data } = copy.getImageData(0, begin, size[0], size[1] - begin);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 150 && wanted.every((value, part) => Math.abs(data[i + part] - value) < 40)) ++found;
    }
    return found;
  }, [variable, from]);
}

/** Returns the serious and critical violations that axe finds, one line each. */
export async function seriousFaults(page) {
  // Evaluated by the debugger, so that the page's content security policy needs no exception.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 4).join('; ')}`);
}

/**
 * Scrolls by three rows per frame. Returns, sorted, the thread time in ms of each frame, from scripts
 * to paint. Wall time would include the work of other programs.
 */
export async function framesOfScrolling(page, count) {
  const tracing = await page.context().browser().newBrowserCDPSession();
  const events = [];
  tracing.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await tracing.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['cc'] } });
  await page.evaluate(async (frames) => {
    for (let frame = 0; frame < frames; ++frame) {
      await new Promise(requestAnimationFrame);
      await new Promise((resolve) => setTimeout(resolve)); // outside of the frame, like the browser's own scrolling
      window.scrollBy(0, 87);
    }
  }, count);
  const isOver = new Promise((resolve) => tracing.once('Tracing.tracingComplete', resolve));
  await tracing.send('Tracing.end');
  await isOver;
  await tracing.detach();
  return events.filter(({ name, ph }) => name === 'ProxyMain::BeginMainFrame' && ph === 'X').map(({ tdur }) => tdur / 1000).sort((a, b) => a - b);
}
