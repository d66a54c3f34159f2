// The totals above the table.
import { make, setText } from './dom.js';
import { bytes, count, number } from './format.js';
import { sumOf } from './series.js';
import { Spark } from './spark.js';

const hour = 3600_000;
const bucket = 60_000;
const mostToSum = 200; // with more processes, totals begin when the page was opened

function card(title) {
  const value = make('span');
  const most = make('span', { class: 'dim' });
  const chart = Spark.stretched();
  const element = make('div', { class: 'total' }, make('h2', {}, title), make('p', {}, value, most), chart.element);
  return { element, value, most, chart };
}

/** Returns " of 16 GB"; whole numbers have no decimals. */
const ofBytes = (most) => (most > 0 ? ` of ${bytes(most).replace(/\.0 /, ' ')}` : '');
const ofCpus = (cpus) => (cpus > 0 ? ` of ${grouped.format(cpus * 100)} %` : '');
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export class Totals {
  #processes = card('Processes');
  #cpu = card('CPU');
  #memory = card('Memory');
  #ends = card('Unrequested exits, last hour');
  #section;
  #said = '';
  #deaths;
  #deathsAt = 0;

  constructor(section) {
    this.#section = section;
    this.#processes.chart.element.remove();
  }

  show(model, range) {
    if (model.processes.size === 0) return;
    if (!this.#section.firstChild) {
      this.#section.append(...[this.#processes, this.#cpu, this.#memory, this.#ends].map(({ element }) => element));
    }
    this.#showConditions(model);
    this.#showFigures(model, range);
    this.#showEnds(model);
  }

  #showConditions(model) {
    const counts = { up: 0, wait: 0, down: 0, stopped: 0, ended: 0 };
    for (const process of model.processes.values()) {
      const { condition } = process;
      ++counts[condition === 'off' ? (process.isDone ? 'ended' : 'stopped') : condition];
    }
    const said = JSON.stringify(counts);
    if (said === this.#said) return;
    this.#said = said;
    const names = { up: 'up', wait: 'waiting', down: 'down', stopped: 'stopped', ended: 'done' };
    const parts = [];
    for (const [key, name] of Object.entries(names)) {
      if (counts[key] === 0 && key !== 'up') continue;
      if (parts.length > 0) parts.push(make('span', { class: 'dim' }, '\u00a0· '));
      parts.push(make('span', { class: key === 'wait' || key === 'down' ? key : '' }, count(counts[key])), make('span', { class: 'dim' }, `\u00a0${name}`));
    }
    this.#processes.value.replaceChildren(...parts);
  }

  #samples(model, range) {
    const processes = [...model.processes.values()];
    if (processes.length > mostToSum) return model.totals.since(range.from);
    return sumOf(processes.map((process) => process.series), range.from, range.step).slice(1);
  }

  #showFigures(model, range) {
    const now = model.totals.last;
    setText(this.#cpu.value, now ? `${number(now.cpu)} %` : '–');
    setText(this.#memory.value, now ? bytes(now.memory) : '–');
    setText(this.#cpu.most, ofCpus(model.machine.cpus));
    setText(this.#memory.most, ofBytes(model.machine.memory_bytes));
    const samples = this.#samples(model, range);
    const cpu = this.#cpu.chart.draw(samples, 'cpu', range);
    const memory = this.#memory.chart.draw(samples, 'memory', range);
    this.#cpu.chart.label(`CPU of all processes: 0 to ${number(cpu)} %`);
    this.#memory.chart.label(`Memory of all processes: 0 to ${bytes(memory)}`);
  }

  #showEnds(model) {
    const deaths = model.deathsLastHour();
    const to = model.now();
    const from = to - hour;
    if (deaths.length === this.#deaths && to - this.#deathsAt < bucket / 2) return;
    this.#deaths = deaths.length;
    this.#deathsAt = to;
    const counts = Array.from({ length: hour / bucket + 1 }, (_, i) => ({ t: from + i * bucket, deaths: 0 }));
    for (const { at } of deaths) ++counts[Math.max(0, Math.min(counts.length - 1, Math.round((at - from) / bucket)))].deaths;
    setText(this.#ends.value, count(deaths.length));
    const most = this.#ends.chart.draw(counts, 'deaths', { from, to, step: bucket });
    this.#ends.chart.label(`Unrequested exits in the last hour: 0 to ${most} per minute`);
  }
}
