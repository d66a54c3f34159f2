// Creates elements without parsing HTML: text stays text, whatever it contains.

/** Creates an element with attributes and children. `on...` attributes are listeners, strings become text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== undefined && child !== ''));
  return element;
}

/** Creates an SVG element. */
export function makeVector(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Writes a text only if it differs, so as not to disturb screen readers and the selection. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element that remembers its text and attributes: writing the same value again costs nothing. */
export class Remembered {
  #text;
  #node; // reused: the browser would style and lay out a new text node each time
  #attributes = new Map();

  constructor(element) {
    this.element = element;
  }

  text(text) {
    if (text === this.#text) return;
    this.#text = text;
    if (this.#node) this.#node.data = text;
    else this.element.append((this.#node = new Text(text)));
  }

  /** Sets an attribute, or removes it if there is no value. */
  set(name, value) {
    if (this.#attributes.get(name) === value) return;
    this.#attributes.set(name, value);
    if (value === undefined) this.element.removeAttribute(name);
    else this.element.setAttribute(name, value);
  }
}

/** Has screen readers read out a text. */
export function announce(text) {
  setText(byId('announcements'), text);
}
