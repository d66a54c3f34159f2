// The panel of one process or group: charts of all its figures, its exits, and how to get the data elsewhere.
import { ChartView } from './chart.js';
import { byId, make, setText } from './dom.js';
import { figure, figuresOf } from './figures.js';
import { bytes, plural, span, timeOfDay } from './format.js';
import { conditionOf } from './model.js';
import { howItEnded, whoseDoing } from './problems.js';
import { Series, ratesOf, usualStep } from './series.js';

const mebibyte = 1024 * 1024;
const mostExits = 100;
const shortestRange = 30_000; // ms
const mostRows = 20_000;

const toSample = (row) => ({ ...row, t: Date.parse(row.timestamp) });

function exitLine(exit, now, showsName) {
  const parts = [];
  if (exit.started_at) parts.push(`ran ${span((exit.at - Date.parse(exit.started_at)) / 1000)}`);
  if (exit.memory_peak !== undefined) parts.push(`peak ${bytes(exit.memory_peak)}`);
  if (exit.core_dumped) parts.push('core dumped');
  return make('li', {},
    make('time', { datetime: exit.ended_at, title: exit.ended_at }, timeOfDay(exit.at, now)),
    showsName ? ` ${exit.name}: ` : ' ', howItEnded(exit), make('span', { class: 'dim' }, `, ${whoseDoing(exit)}`),
    make('div', { class: 'dim' }, parts.join(', ')));
}

function codeLine(text) {
  const button = make('button', { type: 'button' }, 'Copy');
  button.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(text);
    setText(button, 'Copied');
    setTimeout(() => setText(button, 'Copy'), 1500);
  });
  return make('div', { class: 'code' }, make('code', {}, text), button);
}

const markText = {
  exit: (data) => `ended: ${howItEnded(data)}, ${whoseDoing(data)}`,
  started: (data) => `started${data.pid ? `, pid ${data.pid}` : ''}`,
  limit: (data) => `over its ${data.limit} limit`,
  reload: () => 'configuration reloaded',
};

/** The panel. `told` has onClose(), onLoaded() and onControl(verb, [kind, name]). */
export class Detail {
  #section = byId('detail');
  #api;
  #model;
  #told;
  #target; // ['name', name] or ['base', name]; undefined: closed
  #series = new Series(mostRows);
  #exits = [];
  #view;
  #parts = {};
  #window;
  #loading = 0;
  #shownExits = '';
  #hasAsked = false; // whether samples were requested; not done for a process without any

  constructor(api, model, told) {
    this.#api = api;
    this.#model = model;
    this.#told = told;
    this.#section.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.#told.onClose();
    });
  }

  get isOpen() {
    return this.#target !== undefined;
  }

  open(key, window) {
    const at = key.indexOf('=');
    const target = [key.slice(0, at), key.slice(at + 1)];
    if (this.#target?.join('=') === key && this.#window === window) return;
    const isSame = this.#target?.join('=') === key;
    this.#window = window;
    if (!isSame) {
      this.#target = target;
      this.#series = new Series(mostRows);
      this.#exits = [];
      this.#shownExits = undefined;
      this.#hasAsked = false;
      this.#build();
    } else {
      this.#view.zoomBack();
    }
    this.load();
  }

  close() {
    this.#target = undefined;
    this.#section.hidden = true;
    this.#section.replaceChildren();
  }

  focus() {
    this.#section.focus({ preventScroll: true });
  }

  get #isGroup() {
    return this.#target[0] === 'base';
  }

  get #processes() {
    const [kind, name] = this.#target;
    return [...this.#model.processes.values()].filter((process) => (kind === 'base' ? process.base : process.name) === name);
  }

  #build() {
    const [, name] = this.#target;
    const parts = (this.#parts = {
      summary: make('p', { class: 'summary' }),
      actions: make('div', { class: 'actions' }),
      zoomBack: make('button', { type: 'button', hidden: true, onclick: () => this.#view.zoomBack() }, 'Whole window'),
      charts: make('div', { class: 'charts' }),
      note: make('p', { class: 'dim', hidden: true }),
      exits: make('ol', { class: 'exits', tabindex: 0, 'aria-label': 'Exits, newest first' }),
      exitsHead: make('h3'),
      code: make('div'),
    });
    this.#view = new ChartView(parts.charts, () => this.render());
    const button = (text, label, act) => make('button', { type: 'button', 'aria-label': label, onclick: act }, text);
    parts.buttons = Object.fromEntries(['start', 'restart', 'stop'].map((verb) => [
      verb,
      make('button', { type: 'button', onclick: () => this.#told.onControl(verb, this.#target) }, verb[0].toUpperCase() + verb.slice(1)),
    ]));
    parts.actions.append(...Object.values(parts.buttons), parts.zoomBack,
      button('+', 'Zoom in', () => this.#view.zoomBy(0.5)), button('−', 'Zoom out', () => this.#view.zoomBy(2)),
      button('✕', 'Close', () => this.#told.onClose()));
    this.#section.replaceChildren(
      make('div', { class: 'detail-head' }, make('h2', { id: 'detail-name' }, name), parts.actions, parts.summary),
      make('div', { class: 'detail-body' },
        make('div', {}, parts.note, parts.charts),
        make('div', { class: 'side' }, parts.exitsHead, parts.exits, make('h3', {}, 'Get this data elsewhere'), parts.code)));
    this.#section.hidden = false;
    this.#showCode();
  }

  #showCode() {
    const [kind, name] = this.#target;
    const since = this.#window.ms === Infinity ? undefined : `-${this.#window.id}`;
    const path = kind === 'base' ? 'metrics/group/history' : 'metrics/history';
    const pattern = name.replaceAll('.', '\\\\.');
    const selector = kind === 'base' ? `name=~"${pattern}(-[0-9]+)?"` : `name="${name}"`;
    this.#parts.code.replaceChildren(
      codeLine(`curl -s '${this.#api.url(path, { [kind]: name, since })}' | jq .`),
      codeLine(kind === 'base' ? `sum(provisr_process_cpu_percent{${selector}})` : `provisr_process_cpu_percent{${selector}}`),
      codeLine(kind === 'base' ? `sum(provisr_process_memory_mb{${selector}})` : `provisr_process_memory_mb{${selector}}`));
  }

  /** Requests the samples and exits that the server keeps. */
  async load() {
    if (!this.#target) return;
    const loading = ++this.#loading;
    const [kind, name] = this.#target;
    const processes = this.#processes;
    const since = this.#window.ms === Infinity ? undefined : `-${this.#window.id}`;
    const requests = [];
    if (processes.some((process) => process.wasMeasured)) {
      this.#hasAsked = true;
      requests.push(this.#loadSamples(loading, kind, name, since));
    }
    requests.push(...processes.slice(0, 20).map((process) => this.#loadExits(loading, process.name)));
    this.#showCode();
    await Promise.allSettled(requests);
    if (loading !== this.#loading || !this.#target) return;
    this.render();
    this.#told.onLoaded();
  }

  async #loadSamples(loading, kind, name, since) {
    const path = kind === 'base' ? 'metrics/group/history' : 'metrics/history';
    const parameters = kind === 'base' ? { base: name, since } : { name, since, limit: mostRows };
    const { history } = await this.#api.get(path, parameters);
    if (loading === this.#loading) this.#series.merge(history.map(toSample));
  }

  async #loadExits(loading, name) {
    const { exits } = await this.#api.get('exits', { name });
    if (loading === this.#loading) this.#model.takeExits(exits);
  }

  /** Adds the newest sample of the model. */
  take() {
    if (!this.#target) return;
    if (!this.#hasAsked && this.#processes.some((process) => process.wasMeasured)) this.load();
    const [kind, name] = this.#target;
    if (kind === 'name') {
      const sample = this.#model.processes.get(name)?.sample;
      if (sample) this.#series.push(toSample(sample));
      return;
    }
    const sum = this.#model.groupSeries(name).last;
    if (sum) {
      this.#series.push({ t: sum.t, process_count: sum.running, total_cpu: sum.cpu, total_memory: sum.memory / mebibyte });
    }
  }

  render() {
    if (!this.#target) return;
    const processes = this.#processes;
    this.#showHead(processes);
    this.#showCharts(processes);
    this.#showExits(new Set(processes.map((process) => process.name)));
  }

  #showHead(processes) {
    const { summary, buttons, zoomBack } = this.#parts;
    setText(summary, this.#isGroup ? this.#groupSummary(processes) : this.#processSummary(processes[0]));
    const own = processes.filter((process) => process.status.kind === 'child');
    const isAllowed = this.#model.control !== 'none' && own.length > 0;
    const isUp = (process) => ['running', 'starting', 'stopping', 'backoff'].includes(process.status.state);
    buttons.start.hidden = !isAllowed || own.every(isUp);
    buttons.stop.hidden = buttons.restart.hidden = !isAllowed || !own.some(isUp);
    zoomBack.hidden = !this.#view.isZoomed;
  }

  #groupSummary(processes) {
    const up = processes.filter((process) => conditionOf(process.status.state) === 'up').length;
    const restarts = processes.reduce((sum, process) => sum + process.status.restarts, 0);
    return `${up} of ${processes.length} up, ${plural(restarts, 'restart')}: ${processes.slice(0, 12).map((process) => process.name).join(', ')}${processes.length > 12 ? ' …' : ''}`;
  }

  #processSummary(process) {
    if (!process) return 'There is no such process, or it was removed.';
    const { status } = process;
    const words = [status.state];
    const left = this.#model.nextStartOf(process);
    if (left !== undefined) words.push(`next start in ${span(Math.ceil(left))}`);
    if (status.pid !== undefined) words.push(`PID ${status.pid}`);
    const uptime = this.#model.uptimeOf(process);
    if (uptime !== undefined) words.push(`up ${span(uptime)}`);
    words.push(plural(status.restarts, 'restart'));
    if (status.kind !== 'child') words.push('not started by provisrd');
    if (this.#model.control === 'none' && status.kind === 'child') words.push('read-only: no token is configured');
    return words.join(' · ') + (status.last_error ? `. ${status.last_error}` : '');
  }

  #range() {
    const to = this.#model.now();
    const first = this.#series.samples[0]?.t ?? to;
    return { from: Math.min(to - shortestRange, Math.max(to - this.#window.ms, first)), to };
  }

  #showCharts(processes) {
    const view = this.#view;
    const { samples } = this.#series;
    view.step = usualStep(samples, this.#model.interval);
    view.follow(this.#range());
    const infos = figuresOf(samples.slice(-50)).length > 0 ? figuresOf(samples.slice(-50)) : [];
    view.setFigures(infos);
    view.limits = this.#limits(processes, samples[samples.length - 1]);
    view.marks = this.#marks(new Set(processes.map((process) => process.name)));
    for (const chart of view.charts) {
      const { key, isCounter } = chart.info;
      chart.samples = isCounter ? ratesOf(samples, key, view.step) : samples;
    }
    view.draw();
    this.#parts.note.hidden = infos.length > 0;
    if (infos.length === 0) setText(this.#parts.note, 'No samples are stored.');
  }

  #limits(processes, last) {
    const limits = {};
    if (this.#isGroup) return limits;
    const { max_memory_mb: memory, max_cpu_percent: cpu } = processes[0]?.status.limits ?? {};
    if (memory !== undefined) limits.memory_rss = memory * mebibyte;
    if (cpu !== undefined) limits.cpu_percent = cpu;
    const { limit } = figure('num_fds');
    if (last?.[limit] !== undefined) limits.num_fds = last[limit];
    return limits;
  }

  #marks(names) {
    const { marks, exits } = this.#model;
    const own = marks.filter((mark) => mark.kind === 'reload' || names.has(mark.name));
    const ends = exits.filter((exit) => names.has(exit.name));
    const all = [
      ...own.map((mark) => ({ at: mark.at, kind: mark.kind, name: mark.name, data: mark.data })),
      ...ends.map((exit) => ({ at: exit.at, kind: 'exit', name: exit.name, data: exit })),
      ...ends.filter((exit) => exit.started_at).map((exit) => ({ at: Date.parse(exit.started_at), kind: 'started', name: exit.name, data: exit })),
    ];
    for (const process of this.#processes) {
      if (process.status.started_at) all.push({ at: Date.parse(process.status.started_at), kind: 'started', name: process.name, data: process.status });
    }
    const seen = new Set();
    const unique = all.filter((mark) => {
      const key = `${mark.kind} ${mark.name} ${mark.at}`;
      return !seen.has(key) && seen.add(key);
    });
    return unique.map((mark) => ({
      at: mark.at,
      kind: mark.kind,
      text: (this.#isGroup && mark.name ? `${mark.name} ` : '') + markText[mark.kind](mark.data),
    }));
  }

  #showExits(names) {
    const exits = this.#model.exitsOf(names);
    const key = exits.map((exit) => `${exit.name}${exit.pid}${exit.ended_at}`).join();
    if (key === this.#shownExits) return;
    this.#shownExits = key;
    const now = this.#model.now();
    setText(this.#parts.exitsHead, exits.length === 0 ? 'No exit recorded' : plural(exits.length, 'exit'));
    this.#parts.exits.hidden = exits.length === 0;
    this.#parts.exits.replaceChildren(...exits.slice(0, mostExits).map((exit) => exitLine(exit, now, this.#isGroup)));
  }
}
