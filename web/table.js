// The table. Only visible rows have elements, so that a thousand processes scroll like ten.
import { Remembered, make } from './dom.js';
import { bytes, count, inMegabytes, number, shortSpan, span, unknown } from './format.js';
import { Spark } from './spark.js';
import { sumOf } from './series.js';

const drawingTime = 4; // ms per frame for drawing charts
const settleTime = 150; // ms after the last scroll event
const restTime = 80; // ms after the last row became visible: charts are drawn then
const overscan = 8; // rows above and below the visible ones
const chartPadding = 8; // pixels: sum of both sides of a small chart
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

/** The element of a row. It is reused for other rows while scrolling. */
class RowElement {
  #row = new Remembered(make('tr', { role: 'row' }));
  #texts = {};
  #sparks = [];
  #top;

  constructor() {
    const cells = Object.fromEntries(columns.map((column) => [column.id, make('td', { role: 'gridcell', class: classOf(column) })]));
    this.element = this.#row.element;
    this.element.append(...Object.values(cells));
    const part = (cell, name, attributes) => {
      this.#texts[name] = new Remembered(make('span', attributes));
      cell.append(this.#texts[name].element);
    };
    part(cells.name, 'fold', { class: 'fold', 'aria-hidden': 'true' });
    part(cells.name, 'name', { class: 'name' });
    part(cells.name, 'count', { class: 'count' });
    part(cells.state, 'shape', { 'aria-hidden': 'true' });
    part(cells.state, 'stateText');
    for (const id of ['up', 'restarts', 'cpu', 'memory', 'threads', 'fds']) this.#texts[id] = new Remembered(cells[id]);
    for (const { id, chart } of columns.filter((column) => column.chart)) {
      const spark = Spark.ofPixels();
      cells[id].append(spark.element);
      this.#sparks.push({ spark, key: chart });
    }
    this.#texts.nameCell = new Remembered(cells.name);
  }

  /** Shows a row. Returns true if the element showed another row before. */
  show(row, index, { model, selectedKey, height }) {
    const isNew = this.row?.key !== row.key;
    this.row = row;
    if (isNew) for (const { spark } of this.#sparks) spark.clear();
    this.#moveTo(index * height);
    this.#row.set('id', `row-${index}`);
    this.#row.set('class', row.kind);
    this.#row.set('aria-rowindex', index + 2);
    this.#row.set('aria-level', row.kind === 'member' ? 2 : 1);
    this.#row.set('aria-selected', row.key === selectedKey);
    this.#row.set('data-key', row.key);
    this.#row.set('aria-expanded', row.isGroup ? !row.isFolded : undefined);
    this.#showName(row);
    this.#showFigures(row, model);
    return isNew;
  }

  #moveTo(top) {
    if (top === this.#top) return;
    this.#top = top;
    this.element.style.top = `${top}px`;
  }

  #showName(row) {
    const { fold, name, count: members, shape, stateText } = this.#texts;
    fold.text(row.isGroup ? (row.isFolded ? '▸' : '▾') : '');
    fold.set('hidden', row.isGroup ? undefined : '');
    name.text(row.name);
    const tree = row.isGroup ? undefined : row.sum('num_processes');
    const shown = row.processes.length === row.total ? row.total : `${row.processes.length} of ${row.total}`;
    members.text(row.isGroup ? `${shown}` : tree > 1 ? `${tree} processes` : '');
    const { condition } = row;
    shape.set('class', `shape ${condition}`);
    shape.text(shapes[condition] ?? '');
    stateText.text(row.stateText);
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
    const cell = this.#texts[id];
    cell.text(text);
    cell.set('class', `col-${id}${isZero || text === unknown ? ' zero' : ''}`);
  }

  #samples(model, range) {
    const { row } = this;
    if (!row.isGroup) return row.processes[0].series.since(range.from);
    if (row.processes.length === row.total) return model.groupSeries(row.name).since(range.from);
    return sumOf(row.processes.map((process) => process.series), range.from, range.step);
  }

  /** Draws what can wait until scrolling is over: the charts and tooltips. */
  draw({ model, range, chartWidth }) {
    const { row } = this;
    const whose = row.isGroup ? '' : ` (${row.processes[0].status.kind === 'child' ? 'started by provisrd' : 'not started by provisrd'})`;
    this.#texts.nameCell.set('title', row.name + whose);
    const samples = this.#samples(model, range);
    const window = span((range.to - range.from) / 1000);
    for (const { spark, key } of this.#sparks) {
      const most = spark.draw(samples, key, range, chartWidth);
      spark.label(`${key === 'cpu' ? 'CPU' : 'Memory'}: 0 to ${key === 'cpu' ? `${number(most)} %` : bytes(most)}, last ${window}`);
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
  #grid; // the table's element, as a Remembered
  #told;
  #heads = new Map();
  #head;
  #body = make('tbody', { role: 'rowgroup' });
  #top = 0; // of the rows, in pixels of the document
  #height = 0; // of a row in pixels; 0: unknown
  #bodyHeight;
  #shown = [];
  #first = 0;
  #context;
  #undrawn = new Set();
  #frame = 0;
  #laidOut = 0;
  #drawing;
  #ordering;
  #chartHead;
  #chartWidth = 0;

  constructor(table, told) {
    this.#table = table;
    this.#grid = new Remembered(table);
    this.#told = told;
    this.#head = this.#makeHead();
    table.append(this.#head, this.#body);
    table.addEventListener('click', (event) => this.#click(event));
    table.addEventListener('keydown', (event) => this.#key(event));
    window.addEventListener('scroll', () => this.#layOutSoon(), { passive: true });
    window.addEventListener('resize', () => (this.#height = 0));
  }

  #makeHead() {
    const cells = columns.map((column) => {
      const content = column.sort
        ? make('button', { type: 'button', tabindex: 0, onclick: () => this.#told.onSort(column.sort) }, column.label)
        : make('span', { class: 'unseen' }, column.label);
      const head = make('th', { role: 'columnheader', scope: 'col', class: classOf(column) }, content);
      if (column.sort) this.#heads.set(column.sort, head);
      if (column.chart === 'cpu') this.#chartHead = head;
      return head;
    });
    return make('thead', { role: 'rowgroup' }, make('tr', { role: 'row', 'aria-rowindex': 1 }, ...cells));
  }

  #layOutSoon() {
    this.#laidOut ||= requestAnimationFrame(() => {
      this.#laidOut = 0;
      this.#layOut(false);
    });
  }

  /** Draws charts when no new rows have become visible for `restTime`. */
  #drawLater() {
    clearTimeout(this.#drawing);
    this.#drawing = setTimeout(() => this.#drawSoon(), restTime);
  }

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#drawSome());
  }

  get #rowHeight() {
    this.#height ||= parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 29;
    return this.#height;
  }

  /** Reads the position of the rows. Not called while scrolling, as it forces a layout. */
  #measure() {
    this.#top = this.#body.getBoundingClientRect().top + window.scrollY;
    this.#chartWidth = Math.max(0, Math.round(this.#chartHead.getBoundingClientRect().width - chartPadding));
  }

  /** Shows rows. `context` has the model and the range of the small charts. */
  show(rows, sorting, context) {
    this.rows = rows;
    this.#context = context;
    this.#grid.set('aria-rowcount', rows.length + 1);
    for (const [column, head] of this.#heads) {
      const isSorted = column === sorting.column;
      const order = isSorted ? (sorting.isDescending ? 'descending' : 'ascending') : 'none';
      if (head.getAttribute('aria-sort') !== order) head.setAttribute('aria-sort', order);
    }
    const height = `${rows.length * this.#rowHeight}px`;
    if (height !== this.#bodyHeight) this.#body.style.height = this.#bodyHeight = height;
    this.#measure();
    this.#layOut(true);
  }

  /** Places elements at the visible rows. Without `isFresh`, only rows that became visible are updated. */
  #layOut(isFresh) {
    if (!this.#context) return;
    const height = this.#rowHeight;
    const top = this.#top - window.scrollY;
    const first = Math.max(0, Math.min(Math.floor(-top / height) - overscan, this.rows.length - 1));
    const end = Math.max(first, Math.min(this.rows.length, Math.ceil((window.innerHeight - top) / height) + overscan));
    if (!isFresh && first === this.#first && end - first === this.#shown.length) return;
    this.#recycle(first, end - first);
    const context = { ...this.#context, selectedKey: this.selectedKey, height };
    this.#shown.forEach((element, i) => {
      if (!isFresh && element.row === this.rows[first + i]) return;
      if (element.show(this.rows[first + i], first + i, context) || isFresh) this.#undrawn.add(element);
    });
    if (isFresh) this.#drawSoon();
    else this.#drawLater();
    this.#markActive();
    this.#told.onVisible(this.rows.slice(first, end));
  }

  /** Draws charts for at most `drawingTime`, so that scrolling stays smooth. */
  #drawSome() {
    this.#frame = 0;
    const end = performance.now() + drawingTime;
    const context = { ...this.#context, chartWidth: this.#chartWidth };
    for (const element of this.#undrawn) {
      if (performance.now() > end) break;
      this.#undrawn.delete(element);
      if (element.element.isConnected) element.draw(context);
    }
    if (this.#undrawn.size > 0) this.#drawSoon();
  }

  /** Reuses the elements of rows that scrolled out for rows that scrolled in. */
  #recycle(first, wanted) {
    const shown = this.#shown;
    while (shown.length > wanted) shown.pop().element.remove();
    const shift = first - this.#first;
    if (shift > 0 && shift < shown.length) {
      shown.push(...shown.splice(0, shift));
      this.#orderSoon();
    } else if (shift < 0 && -shift < shown.length) {
      shown.unshift(...shown.splice(shift));
      this.#orderSoon();
    }
    while (shown.length < wanted) {
      const row = new RowElement();
      shown.push(row);
      this.#body.append(row.element);
    }
    this.#first = first;
  }

  /** Puts the elements in document order, for screen readers. Can wait: `top` already places them visually. */
  #orderSoon() {
    clearTimeout(this.#ordering);
    this.#ordering = setTimeout(() => {
      this.#shown.forEach(({ element }, i) => {
        if (this.#body.children[i] !== element) this.#body.insertBefore(element, this.#body.children[i]);
      });
    }, settleTime);
  }

  #markActive() {
    const active = this.#shown.find((element) => element.row.key === this.selectedKey);
    this.#grid.set('aria-activedescendant', active?.element.id);
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

  /** Scrolls to the selected row, if it is shown. */
  revealSelected() {
    const index = this.rows.findIndex((row) => row.key === this.selectedKey);
    if (index >= 0) this.#reveal(index);
  }

  /** Scrolls as little as possible to make a row visible. */
  #reveal(index) {
    const height = this.#rowHeight;
    this.#measure();
    const top = this.#top - window.scrollY + index * height;
    const head = this.#head.getBoundingClientRect().height;
    const detail = document.getElementById('detail');
    const floor = detail.hidden || getComputedStyle(detail).position === 'fixed'
      ? window.innerHeight : Math.max(200, Math.min(window.innerHeight, detail.getBoundingClientRect().top));
    if (top < head) window.scrollBy(0, top - head);
    else if (top + height > floor) window.scrollBy(0, top + height - floor);
  }

  #key(event) {
    if (event.target !== this.#table || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.rows.findIndex((row) => row.key === this.selectedKey);
    const page = Math.max(1, Math.floor(window.innerHeight / this.#rowHeight) - 6);
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
