// The large charts of the detail view. All share one time axis and one crosshair.
import { cleared, palette } from './canvas.js';
import { make, setText } from './dom.js';
import { scaleOf, valueText } from './figures.js';
import { span, timeOfDay } from './format.js';
import { isGap, thinned } from './series.js';

const margin = { left: 46, right: 8, top: 8, bottom: 26 };
const leastZoom = 2000; // ms
const leastDrag = 5; // pixels
const nearMark = 6; // pixels

/** Rounds `most` up so that a quarter of the axis is a round number. */
function niceTop(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10].map((factor) => factor * power).find((size) => size * 4 >= most);
  return step * 4;
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

function timeTicks(from, to, most) {
  const seconds = (to - from) / 1000;
  const step = (timeSteps.find((size) => seconds / size <= most) ?? 86400 * Math.ceil(seconds / 86400 / most)) * 1000;
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let t = Math.ceil((from - zone) / step) * step + zone; t <= to; t += step) ticks.push(t);
  return { ticks, hasSeconds: step < 60_000 };
}

const markColours = { exit: 'down', started: 'up', limit: 'wait', reload: 'dim' };

function markShape(kind, x, y) {
  const path = new Path2D();
  const points = {
    exit: [[0, -7], [5, 1], [-5, 1]],
    started: [[0, 1], [5, -7], [-5, -7]],
    limit: [[0, -8], [4.5, -3], [0, 2], [-4.5, -3]],
    reload: [[-3.5, -7], [3.5, -7], [3.5, 0], [-3.5, 0]],
  }[kind];
  points.forEach(([dx, dy], i) => (i === 0 ? path.moveTo(x + dx, y + dy) : path.lineTo(x + dx, y + dy)));
  path.closePath();
  return path;
}

/** The chart of one figure over time. */
class Chart {
  constructor(info, view) {
    this.info = info;
    this.view = view;
    this.samples = [];
    this.title = make('span');
    this.current = make('span', { class: 'now' });
    this.canvas = make('canvas', { tabindex: 0, role: 'img' });
    this.tip = make('div', { class: 'tip', hidden: true });
    this.figure = make('figure', { class: 'chart-figure', 'data-figure': info.key },
      make('figcaption', {}, this.title, this.current), this.canvas, this.tip);
    view.listen(this);
  }

  get plotWidth() {
    return this.canvas.clientWidth - margin.left - margin.right;
  }

  timeAt(pixel) {
    const { from, to } = this.view.range;
    return from + ((pixel - margin.left) / this.plotWidth) * (to - from);
  }

  pixelOf(time) {
    const { from, to } = this.view.range;
    return margin.left + ((time - from) / (to - from)) * this.plotWidth;
  }

  /** Returns the sample nearest to a time; undefined if none is within 1.5 steps. */
  nearest(time) {
    const { samples } = this;
    let best;
    let low = 0;
    let high = samples.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (samples[middle].t < time) low = middle + 1;
      else high = middle;
    }
    for (const i of [low - 1, low]) {
      const sample = samples[i];
      if (sample && sample[this.info.key] !== undefined && (!best || Math.abs(sample.t - time) < Math.abs(best.t - time))) best = sample;
    }
    return best && Math.abs(best.t - time) <= this.view.step * 1.5 ? best : undefined;
  }

  draw() {
    const { context, width, height } = cleared(this.canvas);
    if (width < 80) return;
    const { key } = this.info;
    const { from, to } = this.view.range;
    const seen = this.samples.filter((sample) => sample.t >= from - this.view.step && sample.t <= to + this.view.step && sample[key] !== undefined);
    const most = seen.reduce((max, sample) => Math.max(max, sample[key]), 0);
    const limit = this.view.limits[key];
    const showsLimit = limit !== undefined && limit <= Math.max(most * 5, limit * 0.2);
    const plot = { context, width, height, bottom: height - margin.bottom, limit: showsLimit ? limit : undefined };
    plot.top = this.#topOf(showsLimit ? Math.max(most, limit) : most);
    plot.y = (value) => plot.bottom - (value / plot.top) * (plot.bottom - margin.top);
    context.font = '11px system-ui, "DejaVu Sans", sans-serif';
    this.#drawGrid(plot);
    this.#drawMarks(plot);
    context.save();
    context.beginPath();
    context.rect(margin.left, 0, this.plotWidth + 1, height);
    context.clip();
    this.#drawLine(plot, seen);
    this.#drawLimit(plot);
    this.#drawSelection(plot);
    context.restore();
    this.#drawCrosshair(plot);
    this.#describe(seen, most, limit);
  }

  /** Returns the top of the axis, round in the unit of its labels. */
  #topOf(most) {
    const scale = scaleOf(this.info, most);
    const top = niceTop(most / scale.size) * scale.size;
    const isCounted = this.info.unit === 'count' || (this.info.unit === 'bytes' && scale.size === 1);
    const isWhole = isCounted && !this.info.isCounter;
    return isWhole ? Math.max(4, Math.ceil(top / 4) * 4) : top;
  }

  #drawGrid({ context, width, bottom, top, y }) {
    const colour = palette();
    const scale = scaleOf(this.info, top);
    context.strokeStyle = colour.line;
    context.fillStyle = colour.dim;
    context.lineWidth = 1;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let part = 0; part <= 4; ++part) {
      const value = (top * part) / 4;
      const at = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(margin.left, at);
      context.lineTo(width - margin.right, at);
      context.stroke();
      const scaled = value / scale.size;
      context.fillText(Number.isInteger(scaled) ? scaled.toLocaleString('en') : String(+scaled.toPrecision(3)), margin.left - 6, at);
    }
    this.#drawTimes(context, bottom);
  }

  #drawTimes(context, bottom) {
    const { from, to } = this.view.range;
    const { ticks, hasSeconds } = timeTicks(from, to, Math.max(2, Math.floor(this.plotWidth / 78)));
    context.textAlign = 'center';
    context.textBaseline = 'top';
    for (const t of ticks) {
      const x = this.pixelOf(t);
      if (x < margin.left + 18 || x > margin.left + this.plotWidth - 18) continue;
      const text = timeOfDay(t);
      context.fillText(hasSeconds ? text : text.slice(0, -3), x, bottom + 10);
    }
  }

  #drawMarks({ context, bottom }) {
    const colour = palette();
    for (const mark of this.view.marks) {
      const x = Math.round(this.pixelOf(mark.at)) + 0.5;
      if (x < margin.left - 6 || x > margin.left + this.plotWidth + 6) continue;
      context.fillStyle = context.strokeStyle = colour[markColours[mark.kind]];
      if (mark.kind !== 'started') {
        context.setLineDash([2, 3]);
        context.lineWidth = 1.2;
        context.beginPath();
        context.moveTo(x, margin.top);
        context.lineTo(x, bottom);
        context.stroke();
        context.setLineDash([]);
      }
      // Starts are drawn above the axis, so that they do not cover the end just before.
      context.fill(markShape(mark.kind, x, mark.kind === 'started' ? bottom - 1 : bottom + 7));
    }
  }

  #drawLine({ context, y }, seen) {
    const { key } = this.info;
    const colour = palette();
    context.strokeStyle = context.fillStyle = colour.data;
    context.lineWidth = 1.7;
    context.lineJoin = 'round';
    const line = new Path2D();
    let before;
    let isAlone = false;
    const endRun = () => {
      if (before && isAlone) line.arc(this.pixelOf(before.t), y(before[key]), 1, 0, 7);
    };
    for (const sample of thinned(seen, key, this.view.range, this.plotWidth)) {
      const [x, at] = [this.pixelOf(sample.t), y(sample[key])];
      if (!before || isGap(before, sample, this.view.step)) {
        endRun();
        line.moveTo(x, at);
        isAlone = true;
      } else {
        line.lineTo(x, at);
        isAlone = false;
      }
      before = sample;
    }
    endRun();
    context.stroke(line);
  }

  #drawLimit({ context, width, y, limit }) {
    if (limit === undefined) return;
    const at = Math.round(y(limit)) + 0.5;
    context.strokeStyle = context.fillStyle = palette().wait;
    context.lineWidth = 1.3;
    context.setLineDash([6, 4]);
    context.beginPath();
    context.moveTo(margin.left, at);
    context.lineTo(width - margin.right, at);
    context.stroke();
    context.setLineDash([]);
    context.textAlign = 'left';
    context.textBaseline = at < 22 ? 'top' : 'bottom';
    const text = `limit ${valueText(this.info, limit)}`;
    const place = [margin.left + 4, at < 22 ? at + 3 : at - 2];
    context.strokeStyle = palette().card; // an outline keeps the text readable on top of a line
    context.lineWidth = 4;
    context.strokeText(text, ...place);
    context.fillText(text, ...place);
  }

  #drawSelection({ context, bottom }) {
    const { selection } = this.view;
    if (!selection) return;
    const [a, b] = [this.pixelOf(selection.from), this.pixelOf(selection.to)];
    context.globalAlpha = 0.18;
    context.fillStyle = palette().data;
    context.fillRect(Math.min(a, b), margin.top, Math.abs(b - a), bottom - margin.top);
    context.globalAlpha = 1;
  }

  #drawCrosshair({ context, bottom, y }) {
    const { pointed } = this.view;
    const sample = pointed === undefined ? undefined : this.nearest(pointed);
    const x = pointed === undefined ? NaN : this.pixelOf(sample ? sample.t : pointed);
    const isIn = x >= margin.left && x <= margin.left + this.plotWidth;
    this.tip.hidden = !isIn;
    if (!isIn) return;
    const colour = palette();
    context.strokeStyle = colour.dim;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(Math.round(x) + 0.5, margin.top);
    context.lineTo(Math.round(x) + 0.5, bottom);
    context.stroke();
    if (sample) {
      context.fillStyle = colour.data;
      context.beginPath();
      context.arc(x, y(sample[this.info.key]), 3.5, 0, 7);
      context.fill();
    }
    this.#showTip(x, sample, sample ? sample.t : pointed);
  }

  #showTip(x, sample, time) {
    const words = this.view.marks
      .filter((mark) => Math.abs(this.pixelOf(mark.at) - x) <= nearMark)
      .slice(-3)
      .map((mark) => make('div', { class: `mark-${mark.kind === 'started' ? 'start' : mark.kind}` }, mark.text));
    this.tip.replaceChildren(
      make('div', { class: 'when' }, timeOfDay(time)),
      make('div', { class: 'value' }, sample ? valueText(this.info, sample[this.info.key]) : 'no sample'),
      ...words);
    const room = this.canvas.clientWidth - this.tip.offsetWidth;
    const right = x + 10;
    this.tip.style.left = `${right <= room ? right : Math.max(0, x - this.tip.offsetWidth - 10)}px`;
  }

  #describe(seen, most, limit) {
    const last = seen[seen.length - 1];
    const value = last ? valueText(this.info, last[this.info.key]) : 'no sample';
    const scale = scaleOf(this.info, most);
    setText(this.title, this.info.label + (scale.name ? `, ${scale.name}` : ''));
    setText(this.current, value);
    const { from, to } = this.view.range;
    const least = seen.reduce((min, sample) => Math.min(min, sample[this.info.key]), Infinity);
    const range = last ? `, from ${valueText(this.info, least)} to ${valueText(this.info, most)}` : '';
    const withLimit = limit === undefined ? '' : `, limit ${valueText(this.info, limit)}`;
    const label = `${this.info.label}: ${value}${range} in ${span((to - from) / 1000)}${withLimit}`;
    if (this.canvas.getAttribute('aria-label') !== label) this.canvas.setAttribute('aria-label', label);
  }
}

/** A set of charts that share range, crosshair, marks and limits. */
export class ChartView {
  range = { from: 0, to: 1 };
  step = 5000;
  marks = []; // {at, kind, text}
  limits = {}; // figure → value
  pointed; // the time under the crosshair
  selection;
  charts = [];
  #container;
  #zoomed = false;
  #onZoom;
  #frame = 0;

  constructor(container, onZoom) {
    this.#container = container;
    this.#onZoom = onZoom;
  }

  get isZoomed() {
    return this.#zoomed;
  }

  /** Shows these figures in this order. Reuses existing charts. */
  setFigures(infos) {
    const before = this.charts.map((chart) => chart.info.key).join();
    if (infos.map((info) => info.key).join() === before) return;
    const known = new Map(this.charts.map((chart) => [chart.info.key, chart]));
    this.charts = infos.map((info) => known.get(info.key) ?? new Chart(info, this));
    this.#container.replaceChildren(...this.charts.map((chart) => chart.figure));
  }

  /** Sets the range to show, unless the user has zoomed in. */
  follow(range) {
    if (!this.#zoomed) this.range = range;
    this.whole = range;
  }

  zoomTo(from, to) {
    if (to - from < leastZoom) return;
    this.#zoomed = true;
    this.range = { from, to };
    this.#changed();
  }

  zoomBy(factor) {
    const { from, to } = this.range;
    const centre = this.pointed ?? (from + to) / 2;
    const wanted = { from: centre - (centre - from) * factor, to: centre + (to - centre) * factor };
    if (wanted.to - wanted.from >= this.whole.to - this.whole.from) this.zoomBack();
    else this.zoomTo(Math.max(wanted.from, this.whole.from), Math.min(wanted.to, this.whole.to));
  }

  zoomBack() {
    this.#zoomed = false;
    this.range = this.whole;
    this.#changed();
  }

  #changed() {
    this.selection = undefined;
    this.draw();
    this.#onZoom();
  }

  draw() {
    for (const chart of this.charts) chart.draw();
  }

  /** Draws once, in the next animation frame. */
  #drawSoon() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.draw());
  }

  point(time) {
    this.pointed = time;
    this.#drawSoon();
  }

  listen(chart) {
    const { canvas } = chart;
    let begun;
    const timeOf = (event) => chart.timeAt(event.clientX - canvas.getBoundingClientRect().left);
    canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse' && event.button === 0) begun = { x: event.clientX, time: timeOf(event) };
      if (begun) canvas.setPointerCapture(event.pointerId);
      this.point(timeOf(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (begun && Math.abs(event.clientX - begun.x) > leastDrag) this.selection = { from: begun.time, to: timeOf(event) };
      this.point(timeOf(event));
    });
    canvas.addEventListener('pointerup', () => {
      const { selection } = this;
      begun = undefined;
      this.selection = undefined;
      if (selection) this.zoomTo(Math.min(selection.from, selection.to), Math.max(selection.from, selection.to));
    });
    canvas.addEventListener('pointercancel', () => {
      begun = undefined;
      this.selection = undefined;
      this.#drawSoon();
    });
    canvas.addEventListener('pointerleave', (event) => {
      if (!begun && event.pointerType === 'mouse') this.point(undefined);
    });
    canvas.addEventListener('dblclick', () => this.zoomBack());
    canvas.addEventListener('blur', () => this.point(undefined));
    canvas.addEventListener('keydown', (event) => this.#key(event, chart));
  }

  #key(event, chart) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ArrowLeft: () => this.#walk(chart, -1),
      ArrowRight: () => this.#walk(chart, 1),
      '+': () => this.zoomBy(0.5),
      '=': () => this.zoomBy(0.5),
      '-': () => this.zoomBy(2),
      0: () => this.zoomBack(),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  }

  #walk(chart, by) {
    const { from, to } = this.range;
    const seen = chart.samples.filter((sample) => sample.t >= from && sample.t <= to);
    if (seen.length === 0) return;
    const at = this.pointed === undefined ? seen.length - 1 : seen.findLastIndex((sample) => sample.t <= this.pointed) + by;
    this.point(seen[Math.max(0, Math.min(seen.length - 1, at))].t);
    this.draw();
    const sample = chart.nearest(this.pointed);
    if (sample) chart.canvas.setAttribute('aria-label', `${timeOfDay(sample.t)}: ${valueText(chart.info, sample[chart.info.key])}`);
  }
}
