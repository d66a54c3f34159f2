// Runs a separate provisrd for a test, on ports that the system chooses.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const buildDir = process.env.PROVISR_BUILD_DIR;
export const load = (options) => `${buildDir}/examples/demo_load ${options}`;
const program = `${buildDir}/daemon/provisrd`;

/** Polls until `check` returns a true value and returns it. Throws the last failure if it never does. */
export async function eventually(check, patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
      if (Date.now() > end) throw new Error('it never became so');
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Daemon {
  static async start(processes, { server = '', interval = '200ms', history = 1500, files = {} } = {}) {
    const daemon = new Daemon();
    daemon.folder = await mkdtemp(join(tmpdir(), 'provisr-page-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(daemon.folder, name), text, { mode: 0o600 });
    daemon.text = (port) => `[server]\nlisten = "127.0.0.1:${port}"\n${server.replaceAll('{folder}', daemon.folder)}\n` +
      `[metrics]\nlisten = "127.0.0.1:0"\n[metrics.process_metrics]\ninterval = "${interval}"\nmax_history = ${history}\n${processes}`;
    daemon.port = 0;
    await daemon.run();
    return daemon;
  }

  /** Starts the daemon; after the first time, on the same port. */
  async run() {
    const file = join(this.folder, 'provisr.toml');
    await writeFile(file, this.text(this.port));
    this.log = '';
    this.child = spawn(program, [file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.on('data', (piece) => (this.log += piece));
    this.port = await eventually(() => {
      if (this.child.exitCode !== null) throw new Error(this.log);
      return Number(/JSON API on 127\.0\.0\.1:(\d+)/.exec(this.log)?.[1]);
    });
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async get(path, headers = {}) {
    return (await fetch(this.url + path, { headers })).json();
  }

  async end() {
    const { child } = this;
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  async remove() {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
