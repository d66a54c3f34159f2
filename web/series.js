// Samples over time: storing, merging, thinning, and detection of gaps and of memory growth.

const mostSamples = 1250; // so that a thousand processes fit into the memory of a tab
const setBack = 10_000; // ms: a sample that is earlier by more means that the clock was set back
const shortestLook = 1000; // ms: the page requests no more often, even if the interval is shorter

/** Whether no line connects two samples: too much time between them, or another process. */
export function isGap(before, after, step) {
  return after.t - before.t > Math.max(step, shortestLook) * 2.6 || (before.pid !== undefined && after.pid !== undefined && before.pid !== after.pid);
}

/** Returns the median distance of samples in ms; `otherwise` if there are too few. */
export function usualStep(samples, otherwise) {
  const distances = [];
  for (let i = Math.max(1, samples.length - 60); i < samples.length; ++i) distances.push(samples[i].t - samples[i - 1].t);
  if (distances.length < 3) return otherwise;
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1];
}

/** Samples {t, pid, ...}, oldest first, at most one for each time. */
export class Series {
  samples = [];
  spacing = 0; // ms: a sample that is closer to the one before replaces it
  #most;

  constructor(most = mostSamples) {
    this.#most = most;
  }

  push(sample) {
    if (this.last && sample.t < this.last.t - setBack) this.samples = this.samples.slice(0, this.indexOf(sample.t));
    const { samples } = this;
    if (this.last && sample.t <= this.last.t) return;
    const before = samples[samples.length - 2];
    if (before && before.pid === this.last.pid && sample.pid === before.pid && sample.t - before.t <= this.spacing) samples.pop();
    samples.push(sample);
    if (samples.length > this.#most * 1.2) this.samples = samples.slice(-this.#most);
  }

  /** Merges samples of the server into those of the page. */
  merge(others) {
    if (others.length === 0) return;
    const known = new Set(others.map((sample) => sample.t));
    const all = [...others, ...this.samples.filter((sample) => !known.has(sample.t))];
    this.samples = all.sort((a, b) => a.t - b.t).slice(-this.#most);
  }

  get last() {
    return this.samples[this.samples.length - 1];
  }

  /** Returns the index of the first sample at or after a time. */
  indexOf(time) {
    let low = 0;
    let high = this.samples.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.samples[middle].t < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  since(time) {
    return this.samples.slice(this.indexOf(time));
  }
}

/** Sums several series in steps. A series without a sample in a step counts as 0 there. */
export function sumOf(seriesList, since, step) {
  const sums = new Map();
  for (const series of seriesList) {
    const own = new Map();
    for (const sample of series.since(since)) own.set(Math.floor(sample.t / step), sample);
    for (const [slot, { cpu, memory }] of own) {
      const sum = sums.get(slot) ?? { t: slot * step, cpu: 0, memory: 0 };
      sum.cpu += cpu ?? 0;
      sum.memory += memory ?? 0;
      sums.set(slot, sum);
    }
  }
  return [...sums.values()].sort((a, b) => a.t - b.t);
}

/** Returns the rates per second of a counter between adjacent samples of one process. */
export function ratesOf(samples, key, step) {
  const rates = [];
  for (let i = 1; i < samples.length; ++i) {
    const [before, after] = [samples[i - 1], samples[i]];
    if (isGap(before, after, step) || before[key] === undefined || after[key] === undefined) continue;
    const rise = after[key] - before[key];
    if (rise >= 0) rates.push({ t: after.t, pid: after.pid, [key]: (rise * 1000) / (after.t - before.t) });
  }
  return rates;
}

/** Keeps at most the lowest and the highest sample of each pixel. */
export function thinned(samples, key, { from, to }, width) {
  if (samples.length <= width * 2) return samples;
  const kept = [];
  let column = -1;
  let low;
  let high;
  const flush = () => {
    if (!low) return;
    if (low === high) kept.push(low);
    else kept.push(...(low.t < high.t ? [low, high] : [high, low]));
  };
  for (const sample of samples) {
    const pixel = Math.floor(((sample.t - from) / (to - from)) * width);
    if (pixel !== column) {
      flush();
      column = pixel;
      low = high = sample;
    } else {
      if (sample[key] < low[key]) low = sample;
      if (sample[key] > high[key]) high = sample;
    }
  }
  flush();
  return kept;
}

const leastGrowth = { samples: 9, bytes: 4 * 1024 * 1024, share: 0.1, pieces: 4 };

/** Returns the stretches in which memory did not fall by more than a tenth, since the last gap or restart. */
function risesOf(samples, step) {
  const rises = [];
  let rise = [];
  let peak = 0;
  for (const sample of samples) {
    if (sample.memory === undefined) continue;
    const last = rise[rise.length - 1];
    if (last && isGap(last, sample, step)) {
      rises.length = 0; // they belong to an earlier process or end before a gap
      rise = [];
    } else if (last && sample.memory < peak * 0.9) {
      rises.push(rise);
      rise = [];
    }
    if (rise.length === 0) peak = 0;
    rise.push(sample);
    peak = Math.max(peak, sample.memory);
  }
  if (rise.length > 0) rises.push(rise);
  return rises;
}

function isSteady(rise) {
  const means = [];
  for (let piece = 0; piece < leastGrowth.pieces; ++piece) {
    const from = Math.floor((piece * rise.length) / leastGrowth.pieces);
    const to = Math.floor(((piece + 1) * rise.length) / leastGrowth.pieces);
    means.push(rise.slice(from, to).reduce((sum, sample) => sum + sample.memory, 0) / (to - from));
  }
  return means.every((mean, i) => i === 0 || mean > means[i - 1]);
}

function growthIn(rise) {
  if (rise.length < leastGrowth.samples) return undefined;
  const [first, last] = [rise[0], rise[rise.length - 1]];
  const gain = last.memory - first.memory;
  if (gain < leastGrowth.bytes || gain < first.memory * leastGrowth.share || !isSteady(rise)) return undefined;
  const seconds = (last.t - first.t) / 1000;
  return { from: first.memory, to: last.memory, seconds, perSecond: gain / seconds };
}

/** A quick check that rules out most processes: their memory hardly changes. */
function hasRoomForGrowth(samples) {
  if (samples.length < leastGrowth.samples) return false;
  let least = Infinity;
  let most = 0;
  for (const { memory } of samples) {
    if (memory < least) least = memory;
    if (memory > most) most = memory;
  }
  return most - least >= leastGrowth.bytes && most >= least * (1 + leastGrowth.share);
}

/**
 * Returns how the memory of the running process grows: {from, to, seconds, perSecond, isNow,
 * released}; undefined if it does not. `released` counts earlier rises that ended with a release.
 */
export function growthOf(samples, step) {
  if (!hasRoomForGrowth(samples)) return undefined;
  const rises = risesOf(samples, step);
  const current = rises.length > 0 ? growthIn(rises[rises.length - 1]) : undefined;
  const before = rises.slice(0, -1).map(growthIn).filter(Boolean);
  if (!current && before.length === 0) return undefined;
  return { ...(current ?? before[before.length - 1]), isNow: current !== undefined, released: before.length };
}
