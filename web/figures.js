// Labels and units of the known figures. A figure that is not listed here is drawn, too, labelled
// with its key.
import { byteUnit, bytes, count, number } from './format.js';

const known = {
  cpu_percent: { label: 'CPU', unit: 'percent' },
  total_cpu: { label: 'CPU, total', unit: 'percent' },
  memory_rss: { label: 'Memory', unit: 'bytes' },
  memory_mb: { label: 'Memory', unit: 'megabytes' },
  total_memory: { label: 'Memory, total', unit: 'megabytes' },
  process_count: { label: 'Processes', unit: 'count' },
  num_threads: { label: 'Threads', unit: 'count' },
  num_fds: { label: 'Descriptors', unit: 'count', limit: 'max_fds' },
  num_processes: { label: 'Processes in the tree', unit: 'count' },
  memory_swap: { label: 'Swap', unit: 'bytes' },
  memory_pss: { label: 'Memory, PSS', unit: 'bytes' },
  memory_peak: { label: 'Memory, peak', unit: 'bytes' },
  io_read_bytes: { label: 'Read from storage', unit: 'bytes', isCounter: true },
  io_write_bytes: { label: 'Written to storage', unit: 'bytes', isCounter: true },
  major_faults: { label: 'Major page faults', unit: 'count', isCounter: true },
  voluntary_switches: { label: 'Voluntary context switches', unit: 'count', isCounter: true },
  involuntary_switches: { label: 'Involuntary context switches', unit: 'count', isCounter: true },
  memory_vms: { label: 'Virtual size', unit: 'bytes' },
};
const order = Object.keys(known);
const notFigures = new Set(['t', 'pid', 'name', 'timestamp', 'samples', 'max_fds']);

function guessedUnit(key) {
  if (key.endsWith('_percent')) return 'percent';
  if (key.endsWith('_mb')) return 'megabytes';
  return key.endsWith('_bytes') || key.startsWith('memory_') ? 'bytes' : 'count';
}

/** Describes a figure: label, unit, whether it is a counter, and the key of its limit, if it has one. */
export function figure(key) {
  return { key, isCounter: false, ...(known[key] ?? { label: key.replaceAll('_', ' '), unit: guessedUnit(key) }) };
}

/** Returns the figures that samples have, in the order of `known`. */
export function figuresOf(samples) {
  const keys = new Set();
  for (const sample of samples) {
    for (const key in sample) if (!notFigures.has(key)) keys.add(key);
  }
  if (keys.has('memory_rss')) keys.delete('memory_mb');
  const place = (key) => (order.includes(key) ? order.indexOf(key) : order.length);
  return [...keys].sort((a, b) => place(a) - place(b) || a.localeCompare(b)).map(figure);
}

/** Returns the unit of an axis up to `most`: its size, by which values are divided, and its name. */
export function scaleOf(info, most) {
  const perSecond = info.isCounter ? ' per second' : '';
  if (info.unit === 'percent') return { size: 1, name: '% of one core' };
  if (info.unit === 'count') return { size: 1, name: info.isCounter ? 'per second' : '' };
  const inBytes = info.unit === 'megabytes' ? most * 1024 * 1024 : most;
  const unit = byteUnit(inBytes);
  const size = info.unit === 'megabytes' ? unit.size / (1024 * 1024) : unit.size;
  return { size, name: unit.name + perSecond };
}

/** Formats a value with its unit. */
export function valueText(info, value) {
  const perSecond = info.isCounter ? '/s' : '';
  if (info.unit === 'percent') return `${number(value)} %`;
  if (info.unit === 'megabytes') return bytes(value * 1024 * 1024);
  if (info.unit === 'bytes') return bytes(value) + perSecond;
  return (info.isCounter ? number(value) : count(value)) + perSecond;
}
