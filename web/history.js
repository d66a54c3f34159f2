// Fetches the history of the visible rows from the server, a few at a time.

const mostAtOnce = 4;
const settleTime = 120; // ms: rows that are only scrolled past are not requested
const most = 600; // samples that a small chart can show

export class HistoryLoader {
  #api;
  #model;
  #loaded;
  #done = new Map(); // row key → the window it was loaded for
  #wanted = [];
  #active = 0;
  #timer;
  #window;

  constructor(api, model, loaded) {
    this.#api = api;
    this.#model = model;
    this.#loaded = loaded;
  }

  /** Discards what was loaded: everything is requested again. */
  forget() {
    this.#done.clear();
  }

  /** Returns the step in ms that is fine enough for the small charts of a window. */
  stepOf({ ms }) {
    const { interval } = this.#model;
    return ms === Infinity || ms / interval <= most ? interval : Math.ceil(ms / most / 1000) * 1000;
  }

  /** Returns the time of the oldest sample; `otherwise` if there is none. */
  oldest(otherwise) {
    let oldest = otherwise;
    for (const { series } of this.#model.processes.values()) {
      if (series.samples.length > 0) oldest = Math.min(oldest, series.samples[0].t);
    }
    return oldest;
  }

  want(rows, window) {
    this.#window = window;
    this.#wanted = rows.filter((row) => !this.#has(row, window));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), settleTime);
  }

  /** Whether the row was already requested for at least this window and with at most this step. */
  #has(row, window) {
    const done = this.#done.get(row.key);
    return done !== undefined && done.ms >= window.ms && this.stepOf(done) <= this.stepOf(window);
  }

  #next() {
    while (this.#active < mostAtOnce && this.#wanted.length > 0) {
      const row = this.#wanted.shift();
      if (!row.processes.some((process) => process.wasMeasured)) continue;
      if (this.#has(row, this.#window)) continue;
      this.#done.set(row.key, this.#window);
      ++this.#active;
      this.#load(row, this.#window).catch(() => this.#done.delete(row.key)).finally(() => {
        --this.#active;
        this.#loaded();
        this.#next();
      });
    }
  }

  async #load(row, window) {
    const step = this.stepOf(window);
    const parameters = { since: window.ms === Infinity ? undefined : `-${window.id}` };
    const spacing = step > this.#model.interval ? step : 0;
    if (spacing > 0) parameters.step = `${step / 1000}s`;
    if (row.isGroup) {
      const { history } = await this.#api.get('metrics/group/history', { base: row.name, ...parameters });
      this.#model.takeGroupHistory(row.name, history, spacing);
      return;
    }
    if (!parameters.step) parameters.limit = most * 2;
    const fields = parameters.step ? 'cpu_percent,memory_rss' : 'pid,cpu_percent,memory_rss';
    const { history } = await this.#api.get('metrics/history', { name: row.name, fields, ...parameters });
    this.#model.takeHistory(row.name, history, spacing);
  }
}
