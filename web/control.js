// Dialogs: confirmation of a command, and the token, which is kept in memory only.
import { NeedsToken } from './api.js';
import { announce, byId, make } from './dom.js';

const words = {
  restart: { title: 'Restart', text: 'It is asked to exit, and is started again after it has ended.' },
  stop: { title: 'Stop', text: 'It is asked to exit, and stays stopped until somebody starts it.' },
  start: { title: 'Start', text: 'It starts now.' },
};

/** Shows a dialog until `act` succeeds or the user cancels. Resolves to true if `act` succeeded. */
function ask({ title, text, button, needsToken, act }) {
  const dialog = byId('confirm');
  const failure = make('p', { class: 'failure', role: 'alert', hidden: true });
  const token = make('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', name: 'token' });
  const label = make('label', { hidden: !needsToken }, 'Token (from token_file; kept in memory only)', token);
  const go = make('button', { class: 'primary' }, button);
  const cancel = make('button', { type: 'button' }, 'Cancel');
  const form = make('form', {}, make('h2', { id: 'confirm-title' }, title), make('p', {}, text), label, failure,
    make('div', { class: 'buttons' }, cancel, go));
  dialog.replaceChildren(form);
  return new Promise((resolve) => {
    let isDone = false;
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => resolve(isDone), { once: true });
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        await act(token.value);
        isDone = true;
        dialog.close();
      } catch (error) {
        if (error instanceof NeedsToken) label.hidden = false;
        failure.textContent = error.message;
        failure.hidden = false;
        go.disabled = false;
        (label.hidden ? go : token).focus();
      }
    });
    dialog.showModal();
    (needsToken ? token : go).focus();
  });
}

/** Starts, stops or restarts a name or a base after the user confirms. */
export async function control(api, verb, target, terms) {
  const { title, text } = words[verb];
  const [kind, name] = target;
  const whole = kind === 'base' ? `all of ${name}` : name;
  const isDone = await ask({
    title: `${title} ${whole}?`,
    text,
    button: title,
    needsToken: terms === 'token' && !api.hasToken,
    act: (token) => withToken(api, token, () => api.post(verb, { [kind]: name })),
  });
  if (isDone) announce(`${title} of ${whole} was requested.`);
  return isDone;
}

/** Calls `act` with the given token. Forgets the token if it is wrong. */
async function withToken(api, token, act) {
  if (token) api.setToken(token);
  try {
    return await act();
  } catch (error) {
    if (error instanceof NeedsToken) api.setToken('');
    throw error;
  }
}

/** Asks for the token until the user enters the right one, if reads are protected. */
export async function askForReadToken(api) {
  const text = 'This provisrd shows nothing without its token. The token is in the file that token_file in [server.auth] names.';
  const act = (token) => withToken(api, token, () => api.get('status'));
  while (!(await ask({ title: 'Token required', text, button: 'Show', needsToken: true, act }))) {
    await new Promise((resolve) => {
      byId('nothing').replaceChildren(make('button', { type: 'button', onclick: resolve }, 'Enter the token'));
      byId('nothing').hidden = false;
    });
  }
  byId('nothing').replaceChildren();
}
