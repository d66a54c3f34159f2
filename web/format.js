// Formats figures, durations and times for people.

export const unknown = '–';
const mebibyte = 1024 * 1024;

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Formats with one decimal below 1,000, none above. */
export function number(value) {
  if (!Number.isFinite(value)) return unknown;
  return Math.abs(value) < 999.95 ? value.toFixed(1) : grouped.format(value);
}

export function count(value) {
  if (!Number.isFinite(value)) return unknown;
  return Number.isInteger(value) && value >= 0 && value < 1000 ? String(value) : grouped.format(value);
}

/** Formats bytes in MB, without the unit: the column's head names it. */
export function inMegabytes(bytes) {
  return number(bytes / mebibyte);
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Returns the largest unit that does not exceed a number of bytes: its name and size. */
export function byteUnit(bytes) {
  let power = 0;
  while (power < byteUnits.length - 1 && Math.abs(bytes) >= 1024 ** (power + 1)) ++power;
  return { name: byteUnits[power], size: 1024 ** power };
}

export function bytes(value) {
  if (!Number.isFinite(value)) return unknown;
  const unit = byteUnit(value);
  const scaled = value / unit.size;
  return `${unit.size === 1 || scaled >= 100 ? grouped.format(scaled) : number(scaled)} ${unit.name}`;
}

export const megabytes = (value) => bytes(value * mebibyte);

/** "8 s", "2 min 8 s", "1 h 12 min", "2 d 4 h". */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return unknown;
  const s = Math.max(0, Math.round(seconds));
  const pair = (big, bigName, small, smallName) =>
    small > 0 ? `${big} ${bigName} ${small} ${smallName}` : `${big} ${bigName}`;
  if (s < 60) return `${s} s`;
  if (s < 600) return pair(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return pair(Math.floor(s / 3600), 'h', Math.floor(s / 60) % 60, 'min');
  return pair(Math.floor(s / 86400), 'd', Math.floor(s / 3600) % 24, 'h');
}

/** The short form for a column: "8s", "2m 8s", "1h 12m", "2d 4h". */
export function shortSpan(seconds) {
  return span(seconds).replace(/ min/g, 'm').replace(/(\d) ([shd])/g, '$1$2');
}

const two = (value) => String(value).padStart(2, '0');

/** Formats the browser's local time of day, with the date if it is not the day of `now`. */
export function timeOfDay(milliseconds, now = milliseconds) {
  const at = new Date(milliseconds);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (new Date(now).toDateString() === at.toDateString()) return text;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${text}`;
}

const ordinals = ['', 'first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

/** "third", "12th". */
export function ordinal(value) {
  if (value < ordinals.length) return ordinals[value];
  const tens = value % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : ['th', 'st', 'nd', 'rd'][value % 10] ?? 'th';
  return `${value}${ending}`;
}

export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? '' : 's'}`;
