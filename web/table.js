// The table. Only the rows that can be seen are elements: a thousand processes scroll like ten.
import { make, setText } from './dom.js';
import { bytes, count, inMegabytes, number, shortSpan, span, unknown } from './format.js';
import { drawSpark } from './spark.js';
import { sumOf } from './series.js';

const drawingTime = 5; // ms of a frame
const overscan = 8; // rows above and below what is seen
const shapes = { up: '●', wait: '◆', down: '▲', off: '○' };

const columns = [
  { id: 'name', label: 'Name', sort: 'name', isText: true },
  { id: 'state', label: 'State', sort: 'state', isText: true },
  { id: 'up', label: 'Up', sort: 'up' },
  { id: 'restarts', label: 'Restarts', sort: 'restarts' },
  { id: 'cpu-chart', label: 'CPU over time', chart: 'cpu' },
  { id: 'cpu', label: 'CPU, %', sort: 'cpu_percent' },
  { id: 'memory-chart', label: 'Memory over time', chart: 'memory' },
  { id: 'memory', label: 'Memory, MB', sort: 'memory_rss' },
  { id: 'threads', label: 'Threads', sort: 'num_threads' },
  { id: 'fds', label: 'Descriptors', sort: 'num_fds' },
];

const classOf = (column) =>
  `col-${column.id}${column.isText ? ' text' : ''}${column.chart ? ' chart' : ''}`;

/** A row's element; it shows one row after the other. */
class RowElement {
  constructor() {
    this.cells = Object.fromEntries(columns.map((column) => [column.id, make('td', { class: classOf(column) })]));
    this.element = make('tr', {}, ...Object.values(this.cells));
    this.fold = make('span', { class: 'fold', 'aria-hidden': 'true' });
    this.name = make('span', { class: 'name' });
    this.count = make('span', { class: 'count' });
    this.cells.name.append(this.fold, this.name, this.count);
    this.shape = make('span', { class: 'shape', 'aria-hidden': 'true' });
    this.state = make('span');
    this.cells.state.append(this.shape, this.state);
    for (const id of ['cpu-chart', 'memory-chart']) this.cells[id].append(make('canvas', { role: 'img' }));
  }

  show(row, index, { model, selectedKey }) {
    const isNew = this.row?.key !== row.key;
    this.row = row;
    if (isNew) this.#clear();
    const { element } = this;
    element.id = `row-${index}`;
    const attributes = {
      class: row.kind,
      'aria-rowindex': index + 2,
      'aria-level': row.kind === 'member' ? 2 : 1,
      'aria-selected': row.key === selectedKey,
      'data-key': row.key,
    };
    for (const [name, value] of Object.entries(attributes)) {
      if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
    }
    if (row.isGroup) element.setAttribute('aria-expanded', !row.isFolded);
    else element.removeAttribute('aria-expanded');
    this.#showName(row);
    this.#showFigures(row, model);
    return isNew;
  }

  /** The charts of the row before it. */
  #clear() {
    for (const id of ['cpu-chart', 'memory-chart']) {
      const canvas = this.cells[id].firstChild;
      const context = canvas.getContext('2d');
      context.resetTransform();
      context.clearRect(0, 0, canvas.width, canvas.height);
    }
  }

  #showName(row) {
    setText(this.fold, row.isGroup ? (row.isFolded ? '▸' : '▾') : '');
    this.fold.hidden = !row.isGroup;
    setText(this.name, row.name);
    const tree = row.isGroup ? undefined : row.sum('num_processes');
    const members = row.processes.length === row.total ? row.total : `${row.processes.length} of ${row.total}`;
    setText(this.count, row.isGroup ? `${members}` : tree > 1 ? `${tree} processes` : '');
    const title = row.name + (row.isGroup ? '' : ` (${row.processes[0].status.kind === 'child' ? 'run by provisrd' : 'run by somebody else'})`);
    if (this.cells.name.title !== title) this.cells.name.title = title;
    const { condition } = row;
    this.shape.className = `shape ${condition}`;
    setText(this.shape, shapes[condition] ?? '');
    setText(this.state, row.stateText);
  }

  #showFigures(row, model) {
    const uptimes = row.processes.map((process) => model.uptimeOf(process)).filter((uptime) => uptime !== undefined);
    const uptime = uptimes.length > 0 ? Math.min(...uptimes) : undefined;
    this.#put('up', shortSpan(uptime));
    this.#put('restarts', count(row.restarts), row.restarts === 0);
    const cpu = row.sum('cpu_percent');
    this.#put('cpu', number(cpu), cpu !== undefined && cpu < 0.05);
    this.#put('memory', inMegabytes(row.sum('memory_rss')));
    this.#put('threads', count(row.sum('num_threads')));
    this.#put('fds', count(row.sum('num_fds')));
  }

  #put(id, text, isZero = false) {
    const cell = this.cells[id];
    setText(cell, text);
    cell.classList.toggle('zero', isZero || text === unknown);
  }

  #samples(model, range) {
    const { row } = this;
    if (!row.isGroup) return row.processes[0].series.since(range.from);
    if (row.processes.length === row.total) return model.groupSeries(row.name).since(range.from);
    return sumOf(row.processes.map((process) => process.series), range.from, range.step);
  }

  draw({ model, range }) {
    const samples = this.#samples(model, range);
    for (const [id, key, name] of [['cpu-chart', 'cpu', 'CPU'], ['memory-chart', 'memory', 'Memory']]) {
      const canvas = this.cells[id].firstChild;
      const most = drawSpark(canvas, samples, (sample) => sample[key], range);
      const top = key === 'cpu' ? `${number(most)} %` : bytes(most);
      const label = `${name}: 0 to ${top}, last ${span((range.to - range.from) / 1000)}`;
      if (canvas.title !== label) {
        canvas.title = label;
        canvas.setAttribute('aria-label', label);
      }
    }
  }
}

/**
 * Shows rows in a table. `told` has onSort(column), onOpen(row), onFold(row), onSelect(row) and
 * onVisible(rows).
 */
export class Table {
  rows = [];
  selectedKey = '';
  #table;
  #told;
  #heads = new Map();
  #above = make('tbody', { class: 'space', 'aria-hidden': 'true' }, make('tr', {}, make('td', { colspan: columns.length })));
  #body = make('tbody');
  #below = make('tbody', { class: 'space', 'aria-hidden': 'true' }, make('tr', {}, make('td', { colspan: columns.length })));
  #shown = [];
  #first = 0;
  #context;
  #undrawn = new Set();
  #frame = 0;
  #laidOut = 0;

  constructor(table, told) {
    this.#table = table;
    this.#told = told;
    table.append(this.#makeHead(), this.#above, this.#body, this.#below);
    table.addEventListener('click', (event) => this.#click(event));
    table.addEventListener('keydown', (event) => this.#key(event));
    for (const kind of ['scroll', 'resize']) {
      window.addEventListener(kind, () => this.#layOutSoon(), { passive: true });
    }
  }

  #makeHead() {
    const cells = columns.map((column) => {
      const content = column.sort
        ? make('button', { type: 'button', tabindex: 0, onclick: () => this.#told.onSort(column.sort) }, column.label)
        : make('span', { class: 'unseen' }, column.label);
      const head = make('th', { scope: 'col', class: classOf(column) }, content);
      if (column.sort) this.#heads.set(column.sort, head);
      return head;
    });
    return make('thead', {}, make('tr', { 'aria-rowindex': 1 }, ...cells));
  }

  #layOutSoon() {
    this.#laidOut ||= requestAnimationFrame(() => {
      this.#laidOut = 0;
      this.#layOut(false);
    });
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 29;
  }

  /** Shows rows; `context` has the model and the range of the small charts. */
  show(rows, sorting, context) {
    this.rows = rows;
    this.#context = context;
    this.#table.setAttribute('aria-rowcount', rows.length + 1);
    for (const [column, head] of this.#heads) {
      const isSorted = column === sorting.column;
      const order = isSorted ? (sorting.isDescending ? 'descending' : 'ascending') : 'none';
      if (head.getAttribute('aria-sort') !== order) head.setAttribute('aria-sort', order);
    }
    this.#layOut(true);
  }

  /** Puts elements where rows can be seen. Without `isFresh`, only rows that come into sight are drawn. */
  #layOut(isFresh) {
    if (!this.#context) return;
    const height = this.#rowHeight();
    const top = this.#above.getBoundingClientRect().top;
    const first = Math.max(0, Math.min(Math.floor(-top / height) - overscan, this.rows.length - 1));
    const end = Math.max(first, Math.min(this.rows.length, Math.ceil((window.innerHeight - top) / height) + overscan));
    if (!isFresh && first === this.#first && end - first === this.#shown.length) return;
    this.#recycle(first, end - first);
    this.#above.firstChild.style.height = `${first * height}px`;
    this.#below.firstChild.style.height = `${(this.rows.length - end) * height}px`;
    const context = { ...this.#context, selectedKey: this.selectedKey };
    const toDraw = this.#shown.filter((element, i) => element.show(this.rows[first + i], first + i, context) || isFresh);
    this.#drawSoon(toDraw, context);
    this.#markActive();
    this.#told.onVisible(this.rows.slice(first, end));
  }

  /** Draws as much as a frame has time for: scrolling comes first. */
  #drawSoon(elements, context) {
    for (const element of elements) this.#undrawn.add(element);
    this.#context = context;
    this.#frame ||= requestAnimationFrame(() => this.#drawSome());
  }

  #drawSome() {
    this.#frame = 0;
    const end = performance.now() + drawingTime;
    for (const element of this.#undrawn) {
      if (performance.now() > end) break;
      this.#undrawn.delete(element);
      if (element.element.isConnected) element.draw(this.#context);
    }
    if (this.#undrawn.size > 0) this.#frame = requestAnimationFrame(() => this.#drawSome());
  }

  /** Elements that scroll out on one side come back on the other. */
  #recycle(first, wanted) {
    const shown = this.#shown;
    while (shown.length > wanted) shown.pop().element.remove();
    const shift = first - this.#first;
    if (shift > 0 && shift < shown.length) {
      const moved = shown.splice(0, shift);
      shown.push(...moved);
      this.#body.append(...moved.map((row) => row.element));
    } else if (shift < 0 && -shift < shown.length) {
      const moved = shown.splice(shift);
      shown.unshift(...moved);
      this.#body.prepend(...moved.map((row) => row.element));
    }
    while (shown.length < wanted) {
      const row = new RowElement();
      shown.push(row);
      this.#body.append(row.element);
    }
    this.#first = first;
  }

  #markActive() {
    const active = this.#shown.find((element) => element.row.key === this.selectedKey);
    if (active) this.#table.setAttribute('aria-activedescendant', active.element.id);
    else this.#table.removeAttribute('aria-activedescendant');
  }

  #rowOf(element) {
    const key = element.closest('tr')?.dataset.key;
    return this.rows.find((row) => row.key === key);
  }

  #click(event) {
    const row = this.#rowOf(event.target);
    if (!row) return;
    if (row.isGroup && event.target.closest('.fold')) return void this.#told.onFold(row);
    this.select(row);
    this.#told.onOpen(row);
  }

  select(row) {
    this.selectedKey = row.key;
    this.#reveal(this.rows.indexOf(row));
    this.#layOut(true);
    this.#told.onSelect(row);
  }

  /** Scrolls to the selected row, if it is there. */
  revealSelected() {
    const index = this.rows.findIndex((row) => row.key === this.selectedKey);
    if (index >= 0) this.#reveal(index);
  }

  /** Scrolls as little as need be. */
  #reveal(index) {
    const height = this.#rowHeight();
    const top = this.#above.getBoundingClientRect().top + index * height;
    const head = this.#heads.values().next().value.getBoundingClientRect().height;
    const detail = document.getElementById('detail');
    const floor = detail.hidden || getComputedStyle(detail).position === 'fixed'
      ? window.innerHeight : Math.max(200, Math.min(window.innerHeight, detail.getBoundingClientRect().top));
    if (top < head) window.scrollBy(0, top - head);
    else if (top + height > floor) window.scrollBy(0, top + height - floor);
  }

  #key(event) {
    if (event.target !== this.#table || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.rows.findIndex((row) => row.key === this.selectedKey);
    const page = Math.max(1, Math.floor(window.innerHeight / this.#rowHeight()) - 6);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const row = this.rows[at];
    if (event.key in steps && this.rows.length > 0) {
      const next = at < 0 ? 0 : Math.max(0, Math.min(this.rows.length - 1, at + steps[event.key]));
      this.select(this.rows[next]);
    } else if (event.key === 'Enter' && row) {
      this.#told.onOpen(row);
    } else if (row?.isGroup && (event.key === 'ArrowLeft') !== row.isFolded && /^Arrow(Left|Right)$/.test(event.key)) {
      this.#told.onFold(row);
    } else if (row?.kind === 'member' && event.key === 'ArrowLeft') {
      this.select(this.rows.slice(0, at).reverse().find((other) => other.isGroup));
    } else {
      return;
    }
    event.preventDefault();
  }
}
