// The rows of the table: groups and their members, filtered, sorted, folded.
import { conditionOf } from './model.js';

/** A single process, a group, or a member of a group. */
class Row {
  constructor(kind, name, processes) {
    this.key = `${kind === 'group' ? 'base' : 'name'}=${name}`;
    this.kind = kind;
    this.name = name;
    this.processes = processes;
  }

  get isGroup() {
    return this.kind === 'group';
  }

  /** Returns the sum of a figure over the processes; undefined if none of them has it. */
  sum(key) {
    let sum;
    for (const { sample } of this.processes) {
      const value = sample?.[key];
      if (Number.isFinite(value)) sum = (sum ?? 0) + value;
    }
    return sum;
  }

  get restarts() {
    return this.processes.reduce((sum, process) => sum + (process.status.restarts ?? 0), 0);
  }

  /** The worst condition of the processes. */
  get condition() {
    const conditions = new Set(this.processes.map((process) => process.condition));
    return ['down', 'wait', 'off', 'up'].find((condition) => conditions.has(condition));
  }

  /** The state of a process, or how many members of a group are up. */
  get stateText() {
    if (!this.isGroup) return this.processes[0].status.state;
    const up = this.processes.filter((process) => process.condition === 'up').length;
    return up === this.processes.length ? 'running' : `${up} of ${this.processes.length} up`;
  }
}

const conditionOrder = { down: 0, wait: 1, off: 2, up: 3 };
const compareNames = new Intl.Collator('en', { numeric: true }).compare;

/** Returns the value by which a column sorts the row. */
function sortValue(row, column, model) {
  if (column === 'state') return conditionOrder[row.condition] ?? 0;
  if (column === 'up') return Math.min(...row.processes.map((process) => model.uptimeOf(process) ?? -1));
  if (column === 'restarts') return row.restarts;
  return row.sum(column) ?? -1;
}

const isWanted = (process, words) => {
  const text = `${process.name} ${process.status.state} ${conditionOf(process.status.state)}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

/** Decides which rows are shown and in which order. Rows keep their place until sort() is called. */
export class RowList {
  sorting = { column: 'name', isDescending: false };
  filter = '';
  folded = new Set();
  #places = new Map();
  #isStale = true;

  /** Has the next build() sort the rows. */
  sort() {
    this.#isStale = true;
  }

  /** Returns all rows to show, from top to bottom. */
  build(model) {
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const tops = [];
    const members = new Map();
    for (const [base, all] of model.bases()) {
      const wanted = words.length === 0 ? all : all.filter((process) => isWanted(process, words));
      if (wanted.length === 0) continue;
      if (all.length === 1) {
        tops.push(new Row('single', wanted[0].name, wanted));
        continue;
      }
      const group = new Row('group', base, wanted);
      group.total = all.length;
      group.isFolded = this.folded.has(base) && words.length === 0;
      tops.push(group);
      members.set(group.key, wanted.map((process) => new Row('member', process.name, [process])));
    }
    const sorted = this.#inPlace([...tops, ...[...members.values()].flat()], model);
    const place = (a, b) => sorted.get(a.key) - sorted.get(b.key);
    const rows = [];
    for (const row of tops.sort(place)) {
      rows.push(row);
      if (row.isGroup && !row.isFolded) rows.push(...members.get(row.key).sort(place));
    }
    return rows;
  }

  /** Returns key → place. New rows come last until the next sort. */
  #inPlace(rows, model) {
    const { column, isDescending } = this.sorting;
    if (this.#isStale || column === 'name') {
      const value = new Map(rows.map((row) => [row, column === 'name' ? 0 : sortValue(row, column, model)]));
      const sign = isDescending ? -1 : 1;
      const compare = (a, b) =>
        column === 'name'
          ? sign * compareNames(a.name, b.name)
          : sign * (value.get(a) - value.get(b)) || compareNames(a.name, b.name);
      this.#places = new Map([...rows].sort(compare).map((row, place) => [row.key, place]));
      this.#isStale = false;
    }
    for (const row of rows) if (!this.#places.has(row.key)) this.#places.set(row.key, this.#places.size);
    return this.#places;
  }
}
