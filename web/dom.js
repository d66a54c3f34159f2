// Elements without HTML: text stays text, whatever is in it.

/** An element with attributes and children; `on...` are listeners, strings become text. */
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

/** The same for vectors. */
export function makeVector(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Writes a text only if it differs: a screen reader and the selection are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element whose text and attributes are remembered: what does not change costs nothing. */
export class Remembered {
  #text;
  #node; // kept: another node for each text would be styled and laid out anew
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

/** Tells a screen reader. */
export function announce(text) {
  setText(byId('announcements'), text);
}
