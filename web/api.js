// The JSON API: requests, the token, and the stream of events.

export class NeedsToken extends Error {}

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** Sends requests to the API below `basePath`. The token is kept in this object only. */
export class Api {
  #basePath;
  #token = '';
  onDate = () => {}; // called with the server's time in ms for each response

  constructor(basePath) {
    this.#basePath = basePath.replace(/^\//, '');
  }

  setToken(token) {
    this.#token = token;
  }

  get hasToken() {
    return this.#token !== '';
  }

  /** Returns the URL of a route, for requests and for the user to copy. */
  url(path, parameters = {}) {
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given).toString().replaceAll('%2C', ',');
    const address = new URL((this.#basePath && `${this.#basePath}/`) + path, document.baseURI);
    address.hash = '';
    address.search = query;
    return address;
  }

  get(path, parameters, signal) {
    return this.#json(path, parameters, { signal });
  }

  post(path, parameters) {
    return this.#json(path, parameters, { method: 'POST' });
  }

  /** Returns a reader of the body of an endless response. */
  async stream(path, parameters, headers, signal) {
    const answer = await this.#fetch(path, parameters, { headers, signal });
    return answer.body.getReader();
  }

  async #json(path, parameters, options) {
    return (await this.#fetch(path, parameters, options)).json();
  }

  async #fetch(path, parameters, options) {
    const headers = { ...options.headers };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    const answer = await fetch(this.url(path, parameters), { ...options, headers, cache: 'no-store' });
    const date = Date.parse(answer.headers.get('Date'));
    if (date) this.onDate(date);
    if (answer.ok) return answer;
    const text = await answer.json().then((body) => String(body.error), () => `status ${answer.status}`);
    throw answer.status === 401 ? new NeedsToken(text) : new ApiError(answer.status, text);
  }
}

/** Parses server-sent events into {event, id, data}. The text may arrive in pieces of any size. */
export class EventParser {
  #rest = '';

  /** Returns the events that this piece completes. */
  feed(piece) {
    const blocks = (this.#rest + piece).replace(/\r\n?/g, '\n').split('\n\n');
    this.#rest = blocks.pop();
    return blocks.map(EventParser.#event).filter((event) => event.data !== undefined);
  }

  static #event(block) {
    const event = { event: 'message' };
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon <= 0) continue;
      const field = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      event[field] = field === 'data' && event.data !== undefined ? `${event.data}\n${value}` : value;
    }
    return event;
  }
}

const shortestPause = 500;
const longestPause = 5000;
const silenceLimit = 25000; // ms; the server sends a comment every 15 s

/**
 * Follows /api/events and reconnects if the connection is lost. Calls `told` with ('open'),
 * ('event', event), ('lost', {error, retryAt}) and ('token', error); after 'token' it waits for
 * resume().
 */
export class EventStream {
  #api;
  #told;
  #lastId = '0'; // asks for all events that the server still keeps: they become marks
  #pause = shortestPause;
  #timer;
  #abort;

  constructor(api, told) {
    this.#api = api;
    this.#told = told;
  }

  /** Connects now. Drops an existing connection first. */
  resume() {
    this.pause();
    this.#pause = shortestPause;
    this.#run();
  }

  /** Closes the connection, without calling `told`, until resume() is called. */
  pause() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run() {
    const abort = (this.#abort = new AbortController());
    try {
      const reader = await this.#api.stream('events', { ticks: 1 },
        { Accept: 'text/event-stream', 'Last-Event-ID': this.#lastId }, abort.signal);
      if (abort !== this.#abort) return void reader.cancel().catch(() => {});
      this.#pause = shortestPause;
      this.#told('open');
      await this.#read(reader, abort);
      throw new Error('provisrd has closed the connection');
    } catch (error) {
      if (abort !== this.#abort) return;
      abort.abort();
      if (error instanceof NeedsToken) {
        this.#told('token', error);
        return;
      }
      this.#told('lost', { error, retryAt: Date.now() + this.#pause });
      this.#timer = setTimeout(() => this.#run(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, longestPause);
    }
  }

  async #read(reader, abort) {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    for (;;) {
      const watchdog = setTimeout(() => abort.abort(), silenceLimit);
      const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
        if (event.id) this.#lastId = event.id;
        this.#told('event', { kind: event.event, data: JSON.parse(event.data) });
      }
    }
  }
}
