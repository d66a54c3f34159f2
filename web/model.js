// The data of the page: processes, groups, their samples, exits and marks.
import { Series } from './series.js';

const hour = 3600_000;
const mostMarks = 2000;

export const baseOf = (name) => name.replace(/-\d+$/, '');

/** Maps a state to a condition: 'up', 'wait', 'down' or 'off'. */
export function conditionOf(state) {
  if (state === 'running') return 'up';
  if (state === 'starting' || state === 'backoff' || state === 'stopping') return 'wait';
  return state === 'stopped' ? 'off' : 'down';
}

const keyOf = (exit) => `${exit.name} ${exit.pid} ${exit.ended_at}`;

const slim = (sample) => ({
  t: Date.parse(sample.timestamp),
  pid: sample.pid,
  cpu: sample.cpu_percent,
  memory: sample.memory_rss,
});

/** Rounds an interval: ticks arrive a little early or late. */
function rounded(interval) {
  const unit = interval < 1000 ? 10 : 100;
  return Math.max(unit, Math.round(interval / unit) * unit);
}

class Process {
  series = new Series();
  sample = undefined;
  wasMeasured = false;

  constructor(name) {
    this.name = name;
    this.base = baseOf(name);
  }

  /** Whether it ended with exit code 0 and is not to be restarted. */
  get isDone() {
    return this.status.state === 'exited' && this.status.last_exit?.code === 0;
  }

  get condition() {
    return this.isDone ? 'off' : conditionOf(this.status.state);
  }
}

export class Model {
  processes = new Map();
  exits = []; // newest first
  marks = []; // {at, kind, name, data}: starts, limits, reloads
  totals = new Series(); // sums over all processes, since the page was opened
  groups = new Map(); // base → Series of the group's sums
  control = 'none';
  machine = {}; // {name, cpus, memory_bytes}; what the server does not know is missing
  interval = 5000; // ms between ticks, as far as known
  isCollecting = true;
  #clock = { server: Date.now(), local: performance.now() };
  #seenExits = new Set();
  #lastExits = new Map();
  #lastTick;

  /** The server's time in ms. */
  now() {
    return this.#clock.server + performance.now() - this.#clock.local;
  }

  #setClock(server) {
    if (server > this.#clock.server || Math.abs(server - this.now()) > 2000) {
      this.#clock = { server, local: performance.now() };
    }
  }

  /**
   * Takes the time of a response, in whole seconds. Corrects the clock if performance.now() stood
   * still while the machine was asleep, or if no sample has set the clock yet.
   */
  takeDate(date) {
    const server = date + 500;
    if (Math.abs(server - this.now()) > 2500) this.#clock = { server, local: performance.now() };
  }

  takeStatus({ processes, control, machine }) {
    this.control = control ?? 'none';
    this.machine = machine ?? {};
    const names = new Set();
    for (const status of processes) {
      names.add(status.name);
      const process = this.#process(status.name);
      process.status = status;
      process.statusAt = performance.now();
    }
    for (const name of this.processes.keys()) if (!names.has(name)) this.processes.delete(name);
    const bases = this.bases();
    for (const base of this.groups.keys()) if (!bases.has(base)) this.groups.delete(base);
  }

  #process(name) {
    let process = this.processes.get(name);
    if (!process) this.processes.set(name, (process = new Process(name)));
    return process;
  }

  takeMetrics(samples) {
    let newest = 0;
    const sum = { t: 0, cpu: 0, memory: 0 };
    for (const process of this.processes.values()) {
      const sample = Object.hasOwn(samples, process.name) ? samples[process.name] : undefined;
      process.sample = sample;
      if (!sample) continue;
      process.wasMeasured = true;
      const point = slim(sample);
      process.series.push(point);
      newest = Math.max(newest, point.t);
      sum.cpu += point.cpu ?? 0;
      sum.memory += point.memory ?? 0;
    }
    if (newest === 0) return;
    this.#setClock(newest);
    this.totals.push({ ...sum, t: newest });
    this.#sumGroups(newest);
  }

  groupSeries(base) {
    let series = this.groups.get(base);
    if (!series) this.groups.set(base, (series = new Series()));
    return series;
  }

  /** Adds the sums of the groups, at the start of the interval, like the server. */
  #sumGroups(newest) {
    const t = Math.floor(newest / this.interval) * this.interval;
    for (const [base, members] of this.bases()) {
      const running = members.filter((process) => process.sample);
      if (members.length < 2 || running.length === 0) continue;
      const sum = (key) => running.reduce((total, process) => total + (process.sample[key] ?? 0), 0);
      this.groupSeries(base).push({ t, cpu: sum('cpu_percent'), memory: sum('memory_rss'), running: running.length });
    }
  }

  takeGroupHistory(base, rows, spacing) {
    const series = this.groupSeries(base);
    series.merge(rows.map((row) => ({
      t: Date.parse(row.timestamp),
      cpu: row.total_cpu,
      memory: row.total_memory === undefined ? undefined : row.total_memory * 1024 * 1024,
      running: row.process_count,
    })));
    series.spacing = spacing;
  }

  takeHistory(name, rows, spacing) {
    const process = this.processes.get(name);
    if (!process) return;
    process.series.merge(rows.map(slim));
    process.series.spacing = spacing;
  }

  takeExits(exits) {
    for (const exit of exits) this.#addExit(exit);
    this.exits.sort((a, b) => b.at - a.at);
    for (const forgotten of this.exits.splice(mostMarks)) this.#seenExits.delete(keyOf(forgotten));
    this.#lastExits.clear();
    for (const exit of this.exits) if (!this.#lastExits.has(exit.name)) this.#lastExits.set(exit.name, exit);
  }

  /** Returns the newest exit of a name, or undefined. */
  lastExitOf(name) {
    return this.#lastExits.get(name);
  }

  #addExit(exit) {
    const key = keyOf(exit);
    if (this.#seenExits.has(key)) return;
    this.#seenExits.add(key);
    this.exits.push({ ...exit, at: Date.parse(exit.ended_at) });
    const process = this.processes.get(exit.name);
    if (process && exit.last_sample) process.wasMeasured = true;
  }

  takeEvent(kind, data) {
    const at = Date.parse(data.at);
    if (kind === 'tick') {
      if (this.#lastTick && at > this.#lastTick && data.missed === 0) this.interval = rounded(at - this.#lastTick);
      this.#lastTick = at;
    } else if (kind === 'exited') {
      this.takeExits([data]);
    } else if (!this.marks.some((mark) => mark.at === at && mark.kind === kind && mark.name === data.name)) {
      this.marks.push({ at, kind, name: data.name, data });
      if (this.marks.length > mostMarks) this.marks.shift();
    }
  }

  /** Forgets the last tick: the time since then includes a reconnection and is no interval. */
  forgetTick() {
    this.#lastTick = undefined;
  }

  exitsOf(names, since = -Infinity) {
    return this.exits.filter((exit) => exit.at >= since && names.has(exit.name));
  }

  /** Returns the exits of the last hour that no command, reload or shutdown caused. */
  deathsLastHour() {
    const since = this.now() - hour;
    return this.exits.filter((exit) => exit.at >= since && (exit.reason === 'itself' || exit.reason === 'limit'));
  }

  /** Returns the seconds that the process has run, or undefined. */
  uptimeOf(process) {
    const { uptime_seconds: then } = process.status;
    return then === undefined ? undefined : then + (performance.now() - process.statusAt) / 1000;
  }

  /** Returns the seconds until the next planned start, or undefined. */
  nextStartOf(process) {
    const { next_start_in_seconds: then } = process.status;
    return then === undefined ? undefined : Math.max(0, then - (performance.now() - process.statusAt) / 1000);
  }

  /** Returns base → processes, in the order of the configuration. A base with one process is not a group. */
  bases() {
    const bases = new Map();
    for (const process of this.processes.values()) {
      const members = bases.get(process.base);
      if (members) members.push(process);
      else bases.set(process.base, [process]);
    }
    return bases;
  }
}
