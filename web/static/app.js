// What the pages gain when scripts run. Nothing here is needed to do the work:
// every page, form and link does its job without it. The policy forbids making
// markup from text, so only textContent and createElement are used.
import { initAll } from './govuk-frontend.min.js';

initAll();

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// A field and the words it was read from light up together. The field's group
// carries data-field, the words in the source carry data-source, both with the
// field's name. Focus or the pointer on either lights both.
function linkFieldsToSource() {
  const pair = (name) => all('[data-field], [data-source]').filter((e) => (e.dataset.field ?? e.dataset.source) === name);
  const light = (name, on) => pair(name).forEach((e) => e.classList.toggle('app-lit', on));
  const instant = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const reveal = (element) => element?.scrollIntoView({ block: 'nearest', behavior: instant ? 'auto' : 'smooth' });

  for (const element of all('[data-field], [data-source]')) {
    const name = element.dataset.field ?? element.dataset.source;
    const isField = 'field' in element.dataset;
    element.addEventListener('focusin', () => {
      light(name, true);
      if (isField) reveal(pair(name).find((e) => 'source' in e.dataset));
    });
    element.addEventListener('focusout', () => light(name, false));
    element.addEventListener('mouseenter', () => light(name, true));
    element.addEventListener('mouseleave', () => light(name, false));
    if (isField) continue;
    element.addEventListener('click', (event) => {
      const field = pair(name).find((e) => 'field' in e.dataset);
      const input = field?.querySelector('input, textarea, select');
      if (!input) return;
      event.preventDefault();
      input.focus();
      reveal(field);
    });
  }
}

// A line that says politely that something changed. Rows never move under the
// reader: the line offers a link and the reader decides. data-live is the
// address to ask, data-version what the page was made from.
function watchForChanges() {
  const line = document.querySelector('[data-live]');
  if (!line) return;
  const every = Number(line.dataset.every || 30) * 1000;
  let stopped = false;

  const say = (text) => {
    const link = document.createElement('a');
    link.className = 'govuk-link';
    link.href = location.pathname + location.search;
    link.textContent = line.dataset.offer;
    line.replaceChildren(document.createTextNode(text + ' '), link);
  };
  const ask = async () => {
    if (stopped || document.hidden) return;
    try {
      const answer = await fetch(line.dataset.live, { redirect: 'manual', headers: { 'If-None-Match': '"' + line.dataset.version + '"' } });
      if (answer.type === 'opaqueredirect') {
        stopped = true;
        say('You have been signed out.');
        return;
      }
      if (answer.status !== 200) return;
      const news = await answer.json();
      if (news.version !== line.dataset.version && news.text) say(news.text);
    } catch {
      // The network will come back; the next turn asks again.
    }
  };
  setInterval(ask, every);
  document.addEventListener('visibilitychange', ask);
}

// Copy buttons come hidden, so that nobody sees a button that does nothing.
function offerCopying() {
  if (!navigator.clipboard) return;
  for (const button of all('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const said = document.getElementById(button.getAttribute('aria-describedby'));
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        if (said) said.textContent = 'Copied';
      } catch {
        if (said) said.textContent = 'Could not copy';
      }
    });
  }
}

// Ctrl+Enter presses the form's main button: a shortcut with a modifier, so
// that nobody meets it by typing (WCAG 2.1.4).
function confirmByKeyboard() {
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    const button = event.target.closest('form')?.querySelector('button[data-confirm]');
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}

// A form is sent once. The page kept by the browser for "back" starts afresh.
function sendOnce() {
  const clear = (form) => {
    delete form.dataset.sent;
    all('button', form).forEach((b) => b.removeAttribute('aria-disabled'));
  };
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === 'dialog') return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = 'yes';
    event.submitter?.setAttribute('aria-disabled', 'true');
    // A download leaves the page where it is, so the form comes back to life.
    setTimeout(clear, 10000, form);
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) all('form').forEach(clear);
  });
}

// Warns before the session ends (WCAG 2.2.1) and leaves when it has ended, so
// that no record stays on an empty desk. Several tabs tell each other.
function watchSession() {
  const dialog = document.querySelector('dialog[data-session]');
  if (!dialog?.showModal) return;
  const warn = Number(dialog.dataset.warn) * 1000;
  const stay = dialog.querySelector('[data-stay]');
  const left = dialog.querySelector('[data-left]');
  const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('dsr-session') : null;
  let ends = Date.now() + Number(dialog.dataset.session) * 1000;
  let said = '';

  const extend = (seconds) => {
    ends = Date.now() + seconds * 1000;
    if (dialog.open) dialog.close();
  };
  const words = (ms) => {
    const minutes = Math.ceil(ms / 60000);
    if (ms > 60000) return 'in ' + minutes + ' minutes';
    return ms > 20000 ? 'in less than a minute' : 'in a few seconds';
  };
  const tick = () => {
    const rest = ends - Date.now();
    if (rest <= 0) {
      location.assign(dialog.dataset.gone);
      return;
    }
    if (rest > warn) return;
    if (!dialog.open) dialog.showModal();
    if (words(rest) !== said) left.textContent = said = words(rest);
  };
  const keep = async () => {
    const answer = await fetch(dialog.dataset.keep, { method: 'POST', redirect: 'manual' }).catch(() => null);
    if (answer?.status !== 200) {
      location.assign(dialog.dataset.gone);
      return;
    }
    const { seconds } = await answer.json();
    extend(seconds);
    tabs?.postMessage(seconds);
  };
  stay.addEventListener('click', keep);
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); keep(); });
  tabs?.addEventListener('message', (event) => extend(event.data));
  tabs?.postMessage(Number(dialog.dataset.session));
  document.addEventListener('visibilitychange', tick);
  setInterval(tick, 1000);
}

// Print buttons come hidden too.
function offerPrinting() {
  for (const button of all('button[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => print());
  }
}

linkFieldsToSource();
watchForChanges();
offerCopying();
confirmByKeyboard();
sendOnce();
watchSession();
offerPrinting();
