// The small chart of a row, with a scale from zero. It is SVG, not a canvas: the browser gives each
// canvas a layer of its own, and a hundred layers made scrolling slow.
import { makeVector } from './dom.js';
import { isGap, thinned } from './series.js';

const stretched = 1000; // width in units of a chart that is stretched to the width of its place
const height = 24;
const columns = 200; // finer details are not visible

/** Yields the runs of adjacent samples without a gap: each is one line. */
function* runsOf(samples, key, step) {
  let run = [];
  for (const sample of samples) {
    if (sample[key] === undefined) continue;
    if (run.length > 0 && isGap(run[run.length - 1], sample, step)) {
      yield run;
      run = [];
    }
    run.push(sample);
  }
  if (run.length > 0) yield run;
}

/** Returns a line for each run, the area below all lines, and the top of the scale. */
export function shapesOf(samples, key, { from, to, step }, width = stretched) {
  let most = 0;
  for (const sample of samples) if (sample[key] > most) most = sample[key];
  const scale = width / (to - from);
  const dot = width / 125;
  const x = (t) => Math.round((t - from) * scale * 10) / 10;
  const y = (value) => (most > 0 ? Math.round((height - 1.5 - (value / most) * (height - 4)) * 10) / 10 : height - 1.5);
  const lines = [];
  const area = [];
  for (const run of runsOf(samples, key, step)) {
    const points = thinned(run, key, { from, to }, columns).map((sample) => `${x(sample.t)} ${y(sample[key])}`);
    const [begin, end] = [x(run[0].t), x(run[run.length - 1].t)];
    if (run.length === 1) points.push(`${end + dot} ${y(run[0][key])}`);
    lines.push(points.join(' '));
    // Between runs, the outline of the area follows the bottom of the chart.
    area.push(`${begin} ${height}`, ...points, `${run.length === 1 ? end + dot : end} ${height}`);
  }
  return { lines, area: area.join(' '), most };
}

/** Returns a key of everything a chart depends on: if it is unchanged, nothing needs to be drawn. */
function signatureOf(samples, key, { from, to, step }, width) {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const column = (to - from) / columns;
  return `${samples.length} ${first?.t} ${last?.t} ${last?.[key]} ${Math.round(from / column)} ${Math.round(to / column)} ${step} ${width}`;
}

export class Spark {
  // Not a path: "d" is a style property, and changing it makes the browser recompute all styles.
  #area = makeVector('polygon', { class: 'area' });
  #lines = [];
  #title = makeVector('title');
  #drawn;
  #label;
  most = 0;
  element = makeVector('svg', { class: 'spark', role: 'img' }, this.#title, this.#area);

  /** Returns a chart in pixels, without a viewBox, which would cost time for each of a hundred charts. */
  static ofPixels() {
    return new Spark();
  }

  /** Returns a chart that is as wide as its place. */
  static stretched() {
    const spark = new Spark();
    spark.element.setAttribute('viewBox', `0 0 ${stretched} ${height}`);
    spark.element.setAttribute('preserveAspectRatio', 'none');
    return spark;
  }

  clear() {
    if (this.#drawn === undefined) return;
    this.#drawn = undefined;
    this.#show([], '');
  }

  /**
   * Draws the figure `key` of the samples in a range. `width` is in pixels for a chart of
   * ofPixels(). Returns the top of the scale.
   */
  draw(samples, key, range, width = stretched) {
    const signature = signatureOf(samples, key, range, width);
    if (signature === this.#drawn) return this.most;
    this.#drawn = signature;
    const { lines, area, most } = shapesOf(samples, key, range, width);
    this.#show(lines, area);
    return (this.most = most);
  }

  #show(lines, area) {
    this.#area.setAttribute('points', area);
    // One line always stays: most charts have exactly one.
    while (this.#lines.length > Math.max(1, lines.length)) this.#lines.pop().remove();
    while (this.#lines.length < lines.length) {
      this.#lines.push(makeVector('polyline', { class: 'line' }));
      this.element.append(this.#lines[this.#lines.length - 1]);
    }
    this.#lines.forEach((line, i) => line.setAttribute('points', lines[i] ?? ''));
  }

  /** Sets the text of the tooltip and for screen readers. */
  label(text) {
    if (text === this.#label) return;
    this.#label = text;
    this.#title.textContent = text;
    this.element.setAttribute('aria-label', text);
  }
}
