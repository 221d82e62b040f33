// Makes Back lead to the page before, as it was left: one entry in the browser's history for each page that was visited.
// Streamlit (1.67) adds an entry at each change of the parameters in the address, thus for each letter in a filter. For a step to
// another page it adds two, `/old?new parameters` and `/new?new parameters`; Back would lead to the first, a page that nobody saw.
// st.switch_page, st.page_link and bind="query-params" cannot be told otherwise.
const SOON = 3000; // Milliseconds; the two lie a fraction of a second apart, more where the server is busy.
const DONE = Symbol.for("TL Lab: one entry for each page");

export default function () {
  if (history[DONE]) return; // Streamlit mounts this anew where a page was closed to it for a while.
  history[DONE] = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let changed = { from: "", to: "", at: 0 };
  history.pushState = (state, title, url) => {
    const to = new URL(url, location.href);
    if (to.pathname === location.pathname) {
      changed = { from: location.href, to: to.href, at: performance.now() };
      return replace(state, title, url);
    }
    if (leadsOn(to)) return replace(state, title, url);
    const mixed = location.href === changed.to && location.search === to.search;
    if (mixed && performance.now() - changed.at < SOON) replace(history.state, "", changed.from);
    return push(state, title, url);
  };
}

// The dashboard's bare address shows no page but leads on to one; Back to it would lead forward again.
function leadsOn(to) {
  return to.pathname.startsWith(`${location.pathname.replace(/\/$/, "")}/`);
}
