// The page: requests data, keeps it in the model and shows it.
import { addressOf, readAddress, windows } from './address.js';
import { Api, ApiError, EventStream, NeedsToken } from './api.js';
import { onSchemeChange } from './canvas.js';
import { askForReadToken, control } from './control.js';
import { Detail } from './detail.js';
import { announce, byId, make } from './dom.js';
import { HistoryLoader } from './history.js';
import { Model } from './model.js';
import { ProblemStrip } from './problem_strip.js';
import { RowList } from './rows.js';
import { Table } from './table.js';
import { Totals } from './totals.js';
import { timeOfDay } from './format.js';

const shortestPause = 900; // ms between two requests for all figures
const statusInterval = 30_000; // ms; events report changes in between
const shortestRange = 60_000; // ms: the small charts show at least this much
const hiddenPause = 2000; // ms until a hidden page closes its connection
const retryPause = 3000; // ms after a failed request
const wakeJump = 10_000; // ms between two calls of everySecond(): the machine was asleep
const scrollRest = 150; // ms after the last scroll event
const longestWait = 3000; // ms that new figures wait for the end of scrolling
const eventPause = 150; // ms: events within this time cause one request

const api = new Api(document.querySelector('meta[name="provisr-base-path"]').content);
const model = new Model();
api.onDate = (date) => model.takeDate(date);
const rowList = new RowList();
let address = readAddress(location.hash);

const totals = new Totals(byId('totals'));
const strip = new ProblemStrip(byId('problems'), (key) => open(key));
const histories = new HistoryLoader(api, model, () => renderAtRest());
const detail = new Detail(api, model, {
  onClose: () => closeDetail(),
  onLoaded: () => revealOpened(),
  onControl: async (verb, target) => {
    if (await control(api, verb, target, model.control)) refreshStatusSoon();
  },
});
const table = new Table(byId('processes'), {
  onSort: (column) => sortBy(column),
  onOpen: (row) => open(row.key),
  onFold: (row) => fold(row.name),
  onSelect: () => {},
  onVisible: (rows) => histories.want(rows, address.window),
});

// --- what is shown ------------------------------------------------------------------------

let frame = 0;
let renderedAt = -Infinity;

function renderSoon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    render();
  });
}

let scrolledAt = -Infinity;
let restTimer;

/** Renders when scrolling has stopped, as rendering visits all rows, or after `longestWait`. */
function renderAtRest() {
  const now = performance.now();
  if (now > scrolledAt + scrollRest || now > renderedAt + longestWait) return renderSoon();
  restTimer ??= setTimeout(() => {
    restTimer = undefined;
    renderAtRest();
  }, scrollRest);
}

function rangeOfSparks() {
  const to = model.now();
  const from = Math.min(to - shortestRange, Math.max(to - address.window.ms, histories.oldest(to)));
  return { from, to, step: histories.stepOf(address.window) };
}

function render() {
  renderedAt = performance.now();
  const range = rangeOfSparks();
  const rows = rowList.build(model);
  const canBeShown = model.processes.size > 0;
  totals.show(model, range);
  strip.show(model);
  byId('processes').hidden = !canBeShown;
  byId('nothing').hidden = rows.length > 0 || isFirst;
  if (!isFirst) byId('nothing').textContent = canBeShown ? 'No process matches the filter.' : 'No process is configured.';
  table.show(rows, rowList.sorting, { model, range });
  byId('sort-again').hidden = rowList.sorting.column === 'name';
  detail.render();
}

/** Writes the state to the address bar. Only opening a process adds an entry to the browser's history. */
function remember(isOpened) {
  const text = addressOf(address);
  const url = text ? `#${text}` : location.pathname + location.search;
  if (isOpened) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

/** Applies the state of the address to the page. */
function applyAddress() {
  rowList.filter = address.filter;
  rowList.folded = address.folded;
  rowList.sorting = address.sorting;
  rowList.sort();
  byId('filter').value = address.filter;
  for (const button of byId('windows').children) {
    button.setAttribute('aria-pressed', button.dataset.window === address.window.id);
  }
  table.selectedKey = address.open;
  if (isFirst) return;
  if (address.open) detail.open(address.open, address.window);
  else detail.close();
  renderSoon();
}

function change(what) {
  const isOpened = Boolean(what.open) && !address.open;
  address = { ...address, ...what };
  remember(isOpened);
  applyAddress();
}

let followsOpened = false; // true from opening a row until the user scrolls or types

function open(key) {
  followsOpened = true;
  change({ open: key });
  detail.focus();
  render();
  revealOpened();
}

/** Keeps the opened row visible: the panel grows while its charts load and could cover the row. */
function revealOpened() {
  if (followsOpened && detail.isOpen) table.revealSelected();
}

function closeDetail() {
  const { selectedKey } = table;
  detail.close();
  change({ open: '' });
  table.selectedKey = selectedKey;
  byId('processes').focus({ preventScroll: true });
}

function fold(base) {
  const folded = new Set(address.folded);
  if (!folded.delete(base)) folded.add(base);
  const { selectedKey } = table;
  change({ folded });
  table.selectedKey = selectedKey;
}

function sortBy(column) {
  const { sorting } = rowList;
  const isText = column === 'name' || column === 'state';
  const isDescending = sorting.column === column ? !sorting.isDescending : !isText;
  change({ sorting: { column, isDescending } });
}

// --- what is asked ------------------------------------------------------------------------

let isFirst = true;
let asksMetrics = false;
let metricsAt = -Infinity;
let metricsTimer;
let statusTimer;
let statusAt = -Infinity;

/** Requests all figures, one request at a time and at most one per `shortestPause`. */
function refreshMetricsSoon() {
  if (metricsTimer) return;
  const pause = Math.max(0, metricsAt + shortestPause - performance.now());
  metricsTimer = setTimeout(async () => {
    if (!asksMetrics) await refreshMetrics();
    metricsTimer = undefined;
  }, pause);
}

async function refreshMetrics() {
  if (!model.isCollecting) return;
  asksMetrics = true;
  metricsAt = performance.now();
  try {
    model.takeMetrics(await api.get('metrics'));
    figuresAt = performance.now();
    detail.take();
    renderAtRest();
  } catch (error) {
    if (error.status === 503) model.isCollecting = false;
    else failed(error);
  } finally {
    asksMetrics = false;
  }
}

function refreshStatusSoon() {
  statusTimer ??= setTimeout(() => {
    statusTimer = undefined;
    refreshStatus().catch(failed);
  }, eventPause);
}

async function refreshStatus() {
  statusAt = performance.now();
  model.takeStatus(await api.get('status'));
  renderAtRest();
}

/** Requests everything: at the start, and after a reconnection. */
async function refreshAll() {
  await refreshStatus();
  const [{ exits }] = await Promise.all([api.get('exits', { since: '-1h' }), refreshMetrics()]);
  model.takeExits(exits);
  histories.forget();
  if (isFirst) begin();
  else detail.load();
  renderSoon();
}

function begin() {
  isFirst = false;
  applyAddress();
  render();
  followsOpened = true;
  revealOpened();
  document.documentElement.classList.add('ready');
}

let asksForToken;

function failed(error) {
  if (error instanceof NeedsToken) needToken();
}

function needToken() {
  asksForToken ??= askForReadToken(api).then(() => {
    asksForToken = undefined;
    stream.resume();
  });
}

// --- the connection -----------------------------------------------------------------------

let lost; // {since, error} while there is no connection
let retryTimer;
let tickAt = performance.now();
let figuresAt = tickAt;
let isAway = false; // the tab is hidden, and the connection is closed

function showConnection() {
  const element = byId('connection');
  const silence = performance.now() - tickAt;
  const isLate = silence > Math.max(3000, model.interval * 2.6);
  const seconds = model.interval / 1000;
  let state = 'live';
  let text = `live, ${seconds >= 10 ? Math.round(seconds) : +seconds.toFixed(1)} s`;
  if (lost) {
    state = 'lost';
    text = lost.error instanceof ApiError
      ? `provisrd refuses (${lost.error.status}): ${lost.error.message}, retrying`
      : `connection lost at ${timeOfDay(lost.since)}, retrying`;
  } else if (isFirst) {
    [state, text] = ['connecting', 'connecting'];
  } else if (!model.isCollecting) {
    text = 'live, but collection is disabled';
  } else if (isLate) {
    [state, text] = ['polling', `no tick for ${Math.round(silence / 1000)} s`];
  } else if (performance.now() - figuresAt > Math.max(5000, model.interval * 3)) {
    [state, text] = ['polling', `no figures for ${Math.round((performance.now() - figuresAt) / 1000)} s`];
  }
  element.dataset.state = state;
  if (element.textContent !== text) element.textContent = text;
  document.body.classList.toggle('stale', state === 'lost');
}

function loseBy(error) {
  if (!lost) announce('The connection is lost.');
  lost = { since: lost?.since ?? Date.now(), error };
}

/** Requests everything. Shows a failure and retries. */
async function catchUp() {
  clearTimeout(retryTimer);
  try {
    await refreshAll();
  } catch (error) {
    if (error instanceof NeedsToken) return void needToken();
    loseBy(error);
    showConnection();
    retryTimer = setTimeout(() => isAway || stream.resume(), retryPause);
  }
}

const stream = new EventStream(api, (what, about) => {
  if (what === 'open') {
    if (lost) announce('The connection is back.');
    lost = undefined;
    tickAt = figuresAt = performance.now();
    model.forgetTick();
    catchUp();
  } else if (what === 'lost') {
    loseBy(about.error);
  } else if (what === 'token') {
    needToken();
  } else {
    model.takeEvent(about.kind, about.data);
    if (about.kind === 'tick') {
      tickAt = performance.now();
      refreshMetricsSoon();
    } else {
      refreshStatusSoon();
      renderSoon();
    }
  }
  showConnection();
});

let secondAt = Date.now();
let awayTimer;

/**
 * Closes the connection of a hidden tab; a tab that is visible again requests what it missed. All
 * tabs of a browser share six connections to a host, and each event stream takes one of them.
 */
function visibilityChanged() {
  clearTimeout(awayTimer);
  secondAt = Date.now(); // browsers slow down timers of hidden tabs: the machine was not asleep
  if (document.hidden) {
    awayTimer = setTimeout(() => {
      isAway = true;
      stream.pause();
    }, hiddenPause);
  } else if (isAway) {
    isAway = false;
    stream.resume();
  }
}

/** Updates times and countdowns. Polls if no events arrive. */
function everySecond() {
  const jump = Date.now() - secondAt;
  secondAt = Date.now();
  if (isAway) return;
  if (jump > wakeJump && !document.hidden) stream.resume();
  showConnection();
  const silence = performance.now() - tickAt;
  if (isFirst) return;
  if (lost || silence > Math.max(3000, model.interval * 2.6)) poll();
  if (!lost && performance.now() - statusAt > statusInterval) refreshStatus().catch(failed);
  if (!document.hidden && performance.now() - renderedAt > 900) renderAtRest();
}

let polls = false;

/** Requests figures without waiting for a tick: a proxy may hold events back. */
async function poll() {
  if (polls || lost || performance.now() - metricsAt < Math.max(2000, model.interval)) return;
  polls = true;
  await refreshMetrics();
  polls = false;
}

// --- what people do -----------------------------------------------------------------------

function globalKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key === 'Escape') {
    if (isTyping && event.target.value) change({ filter: '' });
    else if (detail.isOpen) closeDetail();
    else if (address.filter) change({ filter: '' });
    if (isTyping) byId('processes').focus({ preventScroll: true });
  } else if (isTyping) {
    if (event.target.id === 'filter' && (event.key === 'Enter' || event.key === 'ArrowDown')) {
      byId('processes').focus({ preventScroll: true });
      if (table.rows.length > 0) table.select(table.rows[0]);
      event.preventDefault();
    }
  } else if (event.key === '/') {
    byId('filter').focus();
    byId('filter').select();
    event.preventDefault();
  } else if (event.key === '?') {
    byId('help').showModal();
  } else if (event.key === 'r') {
    sortAgain();
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && event.target === document.body) {
    byId('processes').focus({ preventScroll: true });
    const row = table.rows.find(({ key }) => key === table.selectedKey) ?? table.rows[0];
    if (row) table.select(row);
    event.preventDefault();
  }
}

function sortAgain() {
  rowList.sort();
  renderSoon();
}

function wire() {
  byId('host').textContent = location.host;
  document.title = `provisrd ${location.host}`;
  byId('windows').append(...windows.map(({ id, label }) =>
    make('button', { type: 'button', 'data-window': id, onclick: () => change({ window: windows.find((window) => window.id === id) }) }, label)));
  byId('filter').addEventListener('input', (event) => change({ filter: event.target.value }));
  byId('sort-again').addEventListener('click', sortAgain);
  byId('help-button').addEventListener('click', () => byId('help').showModal());
  document.addEventListener('keydown', globalKey);
  window.addEventListener('hashchange', () => {
    address = readAddress(location.hash);
    applyAddress();
  });
  const sizes = new ResizeObserver(revealOpened);
  for (const id of ['detail', 'problems']) sizes.observe(byId(id));
  for (const kind of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
    window.addEventListener(kind, () => (followsOpened = false), { capture: true, passive: true });
  }
  document.addEventListener('visibilitychange', visibilityChanged);
  window.addEventListener('online', () => isAway || stream.resume());
  window.addEventListener('resize', renderSoon);
  window.addEventListener('scroll', () => (scrolledAt = performance.now()), { passive: true });
  onSchemeChange(renderSoon);
}

wire();
applyAddress();
stream.resume();
setInterval(everySecond, 1000);
