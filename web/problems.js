// Finds problems and describes them: cause, count, what happens next.
import { bytes, megabytes, number, ordinal, span } from './format.js';
import { growthOf, usualStep } from './series.js';

const recent = 600_000; // ms: older exits are not reported
const severities = ['down', 'wait', 'warn'];

const isDeath = (exit) => exit.reason === 'itself' || exit.reason === 'limit';

/** Describes how a process ended: "signal 9 (Killed)", "exit code 3". */
export function howItEnded(exit) {
  if (exit.description) return exit.description;
  if (exit.signal !== undefined) return `signal ${exit.signal}`;
  return exit.code === undefined ? 'exit status unknown' : `exit code ${exit.code}`;
}

const askedBy = {
  limit: 'stopped by its limit',
  stop: 'stopped by a command',
  restart: 'restarted by a command',
  reload: 'stopped by a reload',
  shutdown: 'stopped with provisrd',
};

/** Describes who ended a process. */
export function whoseDoing(exit) {
  if (exit.oom_killed) return 'killed by the kernel: out of memory';
  return askedBy[exit.reason] ?? 'on its own';
}

/** "Ended 3 min ago: signal 9 (Killed), stopped by its limit, peak 512 MB, third time in 10 min." */
function endSentence(model, process, exit) {
  const now = model.now();
  const parts = [howItEnded(exit)];
  if (exit.oom_killed || (exit.reason && exit.reason !== 'itself')) parts.push(whoseDoing(exit));
  if (exit.memory_peak !== undefined) parts.push(`peak ${bytes(exit.memory_peak)}`);
  const times = model.exitsOf(new Set([process.name]), now - recent).filter(isDeath).length;
  if (times > 1) parts.push(`${ordinal(times)} time in 10 min`);
  return `Ended ${span((now - exit.at) / 1000)} ago: ${parts.join(', ')}.`;
}

function lastEnd(model, process) {
  const known = model.lastExitOf(process.name);
  const { last_exit: told } = process.status;
  if (!told || (known && known.at >= Date.parse(told.at) - 1000)) return known;
  return { ...told, at: Date.parse(told.at) };
}

function whatFollows(model, process) {
  const { state } = process.status;
  const left = model.nextStartOf(process);
  if (state === 'backoff') return left === undefined ? 'will be started again' : `next start in ${span(Math.ceil(left))}`;
  if (state === 'failed') return 'will not be started again: start it by hand';
  if (state === 'exited') return 'not restarted: auto_restart is off';
  if (state === 'absent') return 'is watched as soon as it runs';
  if (state === 'starting') return 'starting';
  const up = model.uptimeOf(process);
  return up === undefined ? 'runs again' : `up again for ${span(up)}`;
}

/** Makes a sentence of an error. A word gets a capital; names of keys and files stay as they are. */
function asSentence(text) {
  const begin = /^[a-z]+[ ,:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return begin + (/[.!?]$/.test(text) ? '' : '.');
}

function downProblem(model, process) {
  const end = lastEnd(model, process);
  const error = process.status.last_error;
  const words = [];
  if (error) words.push(asSentence(error));
  if (end && !(error && end.description === error)) words.push(endSentence(model, process, end));
  if (words.length === 0) words.push(process.status.state === 'backoff' ? 'Has not started yet.' : 'Not running.');
  return {
    kind: 'down',
    severity: process.condition === 'down' ? 'down' : 'wait',
    text: words.join(' '),
    next: whatFollows(model, process),
    at: end?.at ?? 0,
  };
}

const pausedAfter = 10; // s over the limit: restarts in quick succession are paused for a while
const nameOfLimit = { memory: 'Memory', cpu: 'CPU' };
const actionWords = { log: 'only logged', restart: 'provisrd restarts it', stop: 'provisrd stops it' };

function breachProblem(model, breach) {
  const value = breach.limit === 'memory' ? megabytes : (percent) => `${number(percent)} %`;
  const since = (model.now() - Date.parse(breach.since)) / 1000;
  return {
    kind: `breach ${breach.limit}`,
    severity: 'down',
    text: `${nameOfLimit[breach.limit] ?? breach.limit} is ${value(breach.value)}, over its limit of ${value(breach.max)} for ${span(since)}.`,
    next: breach.action === 'restart' && since > pausedAfter ? 'provisrd restarts it after a pause' : (actionWords[breach.action] ?? ''),
    at: Date.parse(breach.since),
  };
}

function recentEndProblem(model, process) {
  const end = lastEnd(model, process);
  if (!end || !isDeath(end) || model.now() - end.at > recent) return undefined;
  return { kind: 'end', severity: 'wait', text: endSentence(model, process, end), next: whatFollows(model, process), at: end.at };
}

/** Says when memory reaches its limit at this rate; without a limit, how much memory is used. */
function timeToLimit(process, growth) {
  const most = process.status.limits?.max_memory_mb;
  const left = most === undefined ? NaN : (most * 1024 * 1024 - growth.to) / growth.perSecond;
  if (!growth.isNow || !(left > 0) || left > 86400) return bytes(process.sample.memory_rss);
  return `reaches its limit of ${megabytes(most)} in about ${span(left)}`;
}

function growthProblem(process, interval) {
  const { samples } = process.series;
  const growth = process.sample && growthOf(samples, usualStep(samples, interval));
  if (!growth) return undefined;
  const rate = growth.perSecond * 60;
  const course = `from ${bytes(growth.from)} to ${bytes(growth.to)} in ${span(growth.seconds)}`;
  const again = growth.released > 0 ? ` Released and grown again ${growth.released === 1 ? 'once' : `${growth.released} times`}.` : '';
  return {
    kind: 'growth',
    severity: 'warn',
    text: `Memory ${growth.isNow ? 'grows' : 'grew'} ${bytes(rate)} a minute, ${course}.${again}`,
    next: timeToLimit(process, growth),
    at: 0,
  };
}

const mostNamed = 4;

/** Merges problems of the same kind in one group into one. */
function together(problems) {
  const groups = new Map();
  for (const problem of problems) {
    const key = `${problem.base} ${problem.kind} ${problem.severity}`;
    if (groups.has(key)) groups.get(key).push(problem);
    else groups.set(key, [problem]);
  }
  return [...groups.values()].map((same) => {
    if (same.length === 1) return same[0];
    const first = same.reduce((newest, problem) => (problem.at > newest.at ? problem : newest));
    const names = same.filter((problem) => problem !== first).map((problem) => problem.name);
    const others = names.length <= mostNamed ? names.join(', ') : `${names.length} more`;
    return { ...first, name: first.base, key: `base=${first.base}`, text: `${first.name}: ${first.text} Also: ${others}.` };
  });
}

const growthInterval = 3000;

/** Finds all problems, the most severe first. Checks for memory growth every few seconds only. */
export class ProblemFinder {
  #growth = new Map();
  #grownAt = -Infinity;

  find(model) {
    if (performance.now() - this.#grownAt > growthInterval) this.#findGrowth(model);
    const problems = [];
    for (const process of model.processes.values()) {
      for (const problem of this.#of(model, process)) {
        problems.push({ name: process.name, base: process.base, key: `name=${process.name}`, ...problem });
      }
    }
    return together(problems).sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || b.at - a.at || a.name.localeCompare(b.name));
  }

  #findGrowth(model) {
    this.#grownAt = performance.now();
    this.#growth.clear();
    for (const process of model.processes.values()) {
      const problem = growthProblem(process, model.interval);
      if (problem) this.#growth.set(process.name, problem);
    }
  }

  *#of(model, process) {
    const { condition } = process;
    const isAsked = process.status.state === 'stopping';
    if (condition === 'down' || (condition === 'wait' && !isAsked && (process.status.state === 'backoff' || lastEnd(model, process)))) {
      yield downProblem(model, process);
      return;
    }
    const breaches = process.status.limits_breached ?? [];
    for (const breach of breaches) yield breachProblem(model, breach);
    if (condition !== 'up') return;
    const end = recentEndProblem(model, process);
    if (end) yield end;
    const growth = this.#growth.get(process.name);
    if (growth && breaches.length === 0) yield growth;
  }
}
