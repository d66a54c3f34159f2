// The list of problems above the table.
import { announce, make, setText } from './dom.js';
import { ProblemFinder } from './problems.js';

const mostShown = 8;
const shapes = { down: '▲', wait: '◆', warn: '◆' };
const spoken = { down: 'Down: ', wait: 'Waiting: ', warn: 'Growing: ' };

/** Shows one line per problem; a click opens the process. */
export class ProblemStrip {
  #section;
  #finder = new ProblemFinder();
  #open;
  #lines = [];
  #known;
  #showsAll = false;
  #more = make('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => (this.#showsAll = true) });

  constructor(section, open) {
    this.#section = section;
    this.#open = open;
  }

  show(model) {
    const problems = this.#finder.find(model);
    this.#tell(problems);
    const shown = this.#showsAll ? problems : problems.slice(0, mostShown);
    while (this.#lines.length > shown.length) this.#lines.pop().element.remove();
    shown.forEach((problem, i) => this.#showLine(i, problem));
    this.#section.hidden = problems.length === 0;
    this.#more.hidden = shown.length === problems.length;
    if (!this.#more.hidden) setText(this.#more, `and ${problems.length - shown.length} more`);
    if (this.#section.lastChild !== this.#more) this.#section.append(this.#more);
  }

  #showLine(index, problem) {
    const line = (this.#lines[index] ??= this.#makeLine());
    line.key = problem.key;
    if (line.element.dataset.severity !== problem.severity) line.element.dataset.severity = problem.severity;
    setText(line.shape, shapes[problem.severity]);
    setText(line.kind, spoken[problem.severity]);
    setText(line.who, problem.name);
    setText(line.what, problem.text);
    setText(line.next, problem.next);
  }

  #makeLine() {
    const [shape, kind, who, what, next] = ['shape', 'unseen', 'who', 'what', 'next'].map((name) => make('span', { class: name }));
    shape.setAttribute('aria-hidden', 'true');
    const line = { shape, kind, who, what, next };
    line.element = make('button', { type: 'button', class: 'problem', onclick: () => this.#open(line.key) },
      shape, make('span', { class: 'whole-who' }, kind, who), what, next);
    this.#section.insertBefore(line.element, this.#more.parentNode === this.#section ? this.#more : null);
    return line;
  }

  /** Announces new problems to screen readers; changing times are not announced. */
  #tell(problems) {
    const now = new Map(problems.map((problem) => [`${problem.name} ${problem.kind} ${problem.severity}`, problem]));
    if (this.#known) {
      const fresh = [...now].filter(([key]) => !this.#known.has(key)).map(([, problem]) => `${problem.name}: ${problem.text}`);
      if (fresh.length > 0) announce(fresh.slice(0, 3).join(' '));
    }
    this.#known = new Set(now.keys());
  }
}
