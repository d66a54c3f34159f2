// The small chart of a row: its kept window, from zero. Vectors, not a canvas: each canvas is a layer
// of its own for the browser, and a hundred of them made scrolling slow.
import { makeVector } from './dom.js';
import { isGap, thinned } from './series.js';

const stretched = 1000; // units over the whole range of a chart that is stretched to its place
const height = 24;
const columns = 200; // what is finer cannot be seen

/** Runs of neighbouring samples that belong to one line. */
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

/** A line for each run, the area below all of them, and the top of the scale. */
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
    // Between runs the outline of the area goes along the ground.
    area.push(`${begin} ${height}`, ...points, `${run.length === 1 ? end + dot : end} ${height}`);
  }
  return { lines, area: area.join(' '), most };
}

/** What a chart of these would be drawn from: the same twice, and nothing needs to be drawn. */
function signatureOf(samples, key, { from, to, step }, width) {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const column = (to - from) / columns;
  return `${samples.length} ${first?.t} ${last?.t} ${last?.[key]} ${Math.round(from / column)} ${Math.round(to / column)} ${step} ${width}`;
}

export class Spark {
  // Not paths: the browser takes "d" for a matter of style, and works out the style of all that is there.
  #area = makeVector('polygon', { class: 'area' });
  #lines = [];
  #title = makeVector('title');
  #drawn;
  #label;
  most = 0;
  element = makeVector('svg', { class: 'spark', role: 'img' }, this.#title, this.#area);

  /** Drawn in pixels: the browser has no view to keep for each of a hundred charts. */
  static ofPixels() {
    return new Spark();
  }

  /** As wide as its place, whatever that is. */
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
   * Draws the figure `key` of the samples between two times, `width` pixels wide if it is drawn in
   * pixels. Returns the top of the scale.
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
    // Most have one line, which stays.
    while (this.#lines.length > Math.max(1, lines.length)) this.#lines.pop().remove();
    while (this.#lines.length < lines.length) {
      this.#lines.push(makeVector('polyline', { class: 'line' }));
      this.element.append(this.#lines[this.#lines.length - 1]);
    }
    this.#lines.forEach((line, i) => line.setAttribute('points', lines[i] ?? ''));
  }

  /** What a pointer that rests and a screen reader are told. */
  label(text) {
    if (text === this.#label) return;
    this.#label = text;
    this.#title.textContent = text;
    this.element.setAttribute('aria-label', text);
  }
}
