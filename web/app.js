// The page: asks, keeps what it is told, and shows it.
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

const shortestPause = 900; // ms between two looks at all figures
const statusInterval = 30_000; // ms; events tell of changes in between
const shortestRange = 60_000; // ms that the small charts show at least
const hiddenPause = 2000; // ms that the page keeps its connection while nobody sees it
const retryPause = 3000; // ms after an answer that was a refusal
const wakeJump = 10_000; // ms between two seconds: the machine has slept
const scrollRest = 150; // ms after the last scrolling
const longestWait = 3000; // ms that new figures wait for it
const eventPause = 150; // ms: events that come together cause one look

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

/** New figures wait while somebody scrolls, as all rows are looked at for them; but not for long. */
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
  if (!isFirst) byId('nothing').textContent = canBeShown ? 'No process fits the filter.' : 'No process is configured.';
  table.show(rows, rowList.sorting, { model, range });
  byId('sort-again').hidden = rowList.sorting.column === 'name';
  detail.render();
}

/** What is opened is a page of its own for the browser's "back"; everything else is not. */
function remember(isOpened) {
  const text = addressOf(address);
  const url = text ? `#${text}` : location.pathname + location.search;
  if (isOpened) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

/** Makes the page what the address says. */
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

let followsOpened = false; // until somebody scrolls or types

function open(key) {
  followsOpened = true;
  change({ open: key });
  detail.focus();
  render();
  revealOpened();
}

/** The panel grows as its charts come, and may come to lie over the row that it belongs to. */
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

/** One look at a time, and not more often than people can see. */
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

/** All of it: at the beginning, and once a connection is back. */
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

let lost; // {since, error} while there is none
let retryTimer;
let tickAt = performance.now();
let figuresAt = tickAt;
let isAway = false; // nobody looks, and the connection is let go

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
      ? `provisrd refuses (${lost.error.status}): ${lost.error.message}, trying again`
      : `connection lost at ${timeOfDay(lost.since)}, trying again`;
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

/** Asks for all of it; a refusal or a failure is told, and tried again. */
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
 * A browser has six connections to a host, over all its tabs, and each stream takes one: tabs that
 * nobody sees hold none, and ask for what they have missed once they are seen again.
 */
function visibilityChanged() {
  clearTimeout(awayTimer);
  secondAt = Date.now(); // timers of hidden tabs are slow: that is no sleep
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

/** Counts down, and asks by itself if events do not come. */
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

/** Events may be held back by something in between: figures come all the same. */
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
