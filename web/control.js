// Questions to who looks at the page: "really?", and the token, which stays in memory.
import { NeedsToken } from './api.js';
import { announce, byId, make } from './dom.js';

const words = {
  restart: { title: 'Restart', text: 'It is asked to end, and started again once it has ended.' },
  stop: { title: 'Stop', text: 'It is asked to end, and stays stopped until it is started by hand.' },
  start: { title: 'Start', text: 'It is started now.' },
};

/** Shows the dialog until `act` has succeeded or somebody gives up. True if it has succeeded. */
function ask({ title, text, button, needsToken, act }) {
  const dialog = byId('confirm');
  const failure = make('p', { class: 'failure', role: 'alert', hidden: true });
  const token = make('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', name: 'token' });
  const label = make('label', { hidden: !needsToken }, 'Token (of token_file; kept in memory only)', token);
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

/** Starts, stops or restarts a name or a base, after a question. */
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
  if (isDone) announce(`${title} of ${whole} is under way.`);
  return isDone;
}

/** Tries with a token; one that is wrong is forgotten. */
async function withToken(api, token, act) {
  if (token) api.setToken(token);
  try {
    return await act();
  } catch (error) {
    if (error instanceof NeedsToken) api.setToken('');
    throw error;
  }
}

/** Asks for the token until it is right: reads are protected. */
export async function askForReadToken(api) {
  const text = 'Reading is protected here. The token is in the file that token_file of [server.auth] names.';
  const act = (token) => withToken(api, token, () => api.get('status'));
  while (!(await ask({ title: 'The token, please', text, button: 'Show', needsToken: true, act }))) {
    await new Promise((resolve) => {
      byId('nothing').replaceChildren(make('button', { type: 'button', onclick: resolve }, 'Give the token'));
      byId('nothing').hidden = false;
    });
  }
  byId('nothing').replaceChildren();
}
