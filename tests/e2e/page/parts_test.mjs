// Tests of the parts of the page that need no browser: data, its limits, and formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, number, span } from './web/format.js';
import { Model } from './web/model.js';
import { Series, growthOf } from './web/series.js';
import { shapesOf } from './web/spark.js';

const minute = 60_000;
const start = Date.parse('2030-01-01T00:00:00Z');

test('a day of samples does not fill the memory', () => {
  const series = new Series();
  for (let i = 0; i < 86_400; ++i) series.push({ t: start + i * 1000, cpu: 1, memory: 1 });
  assert.ok(series.samples.length <= 1500);
  assert.equal(series.last.t, start + 86_399_000);
});

test('a long window is kept coarsely, so that it stays long', () => {
  const series = new Series();
  series.spacing = 6000;
  for (let i = 0; i < 3600; ++i) series.push({ t: start + i * 1000, pid: 1, cpu: 1, memory: 1 });
  assert.equal(series.samples[0].t, start);
  assert.ok(series.samples.length <= 620);
  assert.equal(series.last.t, start + 3_599_000);
});

test('a clock that is set back begins anew instead of silence', () => {
  const series = new Series();
  for (let i = 0; i < 10; ++i) series.push({ t: start + i * 1000 });
  series.push({ t: start + 8000 });
  assert.equal(series.samples.length, 10, 'a late answer is left out');
  series.push({ t: start - 60 * minute });
  assert.deepEqual(series.samples.map(({ t }) => t), [start - 60 * minute]);
});

test('ends and marks are bounded, and the last end of a name is found', () => {
  const model = new Model();
  const exits = Array.from({ length: 5000 }, (_, i) => ({ name: `p-${i % 7}`, pid: i, ended_at: new Date(start + i * 1000).toISOString() }));
  for (const exit of exits) model.takeExits([exit]);
  assert.equal(model.exits.length, 2000);
  assert.equal(model.lastExitOf('p-1').pid, 4999 - ((4999 - 1) % 7));
  model.takeExits(exits.slice(-10));
  assert.equal(model.exits.length, 2000, 'none is told twice');
  for (let i = 0; i < 5000; ++i) model.takeEvent('reload', { at: new Date(start + i).toISOString() });
  assert.ok(model.marks.length <= 2000);
});

test('another configuration leaves nothing of the one before', () => {
  const model = new Model();
  const status = (name) => ({ name, state: 'running' });
  model.takeStatus({ processes: ['a-1', 'a-2', 'b'].map(status) });
  model.takeMetrics({ 'a-1': { timestamp: new Date(start).toISOString(), cpu_percent: 1 }, 'a-2': { timestamp: new Date(start).toISOString(), cpu_percent: 2 } });
  assert.equal(model.groups.size, 1);
  model.takeStatus({ processes: [status('c')] });
  assert.deepEqual([[...model.processes.keys()], model.groups.size], [['c'], 0]);
});

test('the time is the server\'s, from its answers if no sample tells it', () => {
  const model = new Model();
  model.takeDate(start);
  assert.ok(Math.abs(model.now() - start) < 2000);
});

test('huge, tiny and missing values read as such', () => {
  assert.deepEqual([number(undefined), number(null), number(NaN), number(Infinity)], ['–', '–', '–', '–']);
  assert.deepEqual([count(null), bytes(NaN), span(undefined)], ['–', '–', '–']);
  assert.deepEqual([number(0), number(999.94), number(999.96), number(12_800)], ['0.0', '999.9', '1,000', '12,800']);
  assert.equal(bytes(2 ** 63), '8,192 PB');
  assert.equal(count(2 ** 53), '9,007,199,254,740,992');
});

test('a small chart breaks its line where another process begins', () => {
  const samples = [1, 1, 1, 2, 2, 2].map((pid, i) => ({ t: start + i * 1000, pid, cpu: pid }));
  const { lines, most } = shapesOf(samples, 'cpu', { from: start, to: start + 6000, step: 1000 });
  assert.deepEqual([lines.length, most], [2, 2]);
});

test('growth is told, and steadiness is not', () => {
  const samples = (memoryOf) => Array.from({ length: 40 }, (_, i) => ({ t: start + i * 1000, pid: 1, memory: memoryOf(i) * 2 ** 20 }));
  assert.ok(growthOf(samples((i) => 20 + i), 1000).isNow);
  assert.equal(growthOf(samples((i) => 20 + (i % 2)), 1000), undefined);
});
