// What is known of figures beforehand: how they are called and what they are measured in. A figure
// that is not here is drawn all the same, under its key.
import { byteUnit, bytes, count, number } from './format.js';

const known = {
  cpu_percent: { label: 'CPU', unit: 'percent', family: 'provisr_process_cpu_percent' },
  total_cpu: { label: 'CPU of all', unit: 'percent', family: 'provisr_process_cpu_percent' },
  memory_rss: { label: 'Memory', unit: 'bytes', family: 'provisr_process_memory_mb' },
  memory_mb: { label: 'Memory', unit: 'megabytes', family: 'provisr_process_memory_mb' },
  total_memory: { label: 'Memory of all', unit: 'megabytes', family: 'provisr_process_memory_mb' },
  process_count: { label: 'Processes', unit: 'count', family: 'provisr_process_up' },
  num_threads: { label: 'Threads', unit: 'count', family: 'provisr_process_num_threads' },
  num_fds: { label: 'Descriptors', unit: 'count', family: 'provisr_process_num_fds', limit: 'max_fds' },
  num_processes: { label: 'Processes of the tree', unit: 'count' },
  memory_swap: { label: 'Swap', unit: 'bytes' },
  memory_pss: { label: 'Memory, shared parts shared out', unit: 'bytes' },
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

/** Of a figure's key: label, unit, whether it only grows, and the key of its limit, if it has one. */
export function figure(key) {
  return { key, isCounter: false, ...(known[key] ?? { label: key.replaceAll('_', ' '), unit: guessedUnit(key) }) };
}

/** The figures that samples have, the most asked for first. */
export function figuresOf(samples) {
  const keys = new Set();
  for (const sample of samples) {
    for (const key in sample) if (!notFigures.has(key)) keys.add(key);
  }
  if (keys.has('memory_rss')) keys.delete('memory_mb');
  const place = (key) => (order.includes(key) ? order.indexOf(key) : order.length);
  return [...keys].sort((a, b) => place(a) - place(b) || a.localeCompare(b)).map(figure);
}

/** How an axis up to `most` is labelled: what values are divided by, and the unit's name. */
export function scaleOf(info, most) {
  const perSecond = info.isCounter ? ' a second' : '';
  if (info.unit === 'percent') return { size: 1, name: '% of one core' };
  if (info.unit === 'count') return { size: 1, name: info.isCounter ? 'a second' : '' };
  const inBytes = info.unit === 'megabytes' ? most * 1024 * 1024 : most;
  const unit = byteUnit(inBytes);
  const size = info.unit === 'megabytes' ? unit.size / (1024 * 1024) : unit.size;
  return { size, name: unit.name + perSecond };
}

/** A value with its unit. */
export function valueText(info, value) {
  const perSecond = info.isCounter ? '/s' : '';
  if (info.unit === 'percent') return `${number(value)} %`;
  if (info.unit === 'megabytes') return bytes(value * 1024 * 1024);
  if (info.unit === 'bytes') return bytes(value) + perSecond;
  return (info.isCounter ? number(value) : count(value)) + perSecond;
}
