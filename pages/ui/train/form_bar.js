// Links to the cards of the form, of which the one in sight is marked. They scroll instead of changing the address, which holds the experiment.
// Ctrl+Enter presses Train; the shortcut of st.button would become a part of the button's name.
const TOP = 140; // CSS pixels from the top of the window that the page's head covers.

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector("nav") ?? parentElement.appendChild(document.createElement("nav"));
  box.setAttribute("aria-label", "Cards of the form");
  let asked = null; // A card near the end of the page cannot come to its top: the link that was clicked stays marked until you scroll.
  const links = data.cards.map(({ key, name }) => {
    const link = document.createElement("button");
    link.type = "button";
    link.textContent = name;
    link.onclick = () => {
      asked = key;
      goTo(key);
      mark();
    };
    return { key, link };
  });
  box.replaceChildren(...links.map(({ link }) => link));
  const mark = () => {
    const passed = links.filter(({ key }) => (card(key)?.getBoundingClientRect().top ?? Infinity) < TOP + 20);
    const page = document.querySelector("[data-testid=stMain]");
    const atEnd = page && page.scrollTop > 0 && page.scrollTop + page.clientHeight >= page.scrollHeight - 4;
    const current = asked ?? (atEnd ? links.at(-1) : (passed.at(-1) ?? links[0])).key;
    for (const { key, link } of links) link.setAttribute("aria-current", String(key === current));
  };
  const stop = new AbortController();
  document.addEventListener("scroll", mark, { capture: true, passive: true, signal: stop.signal });
  for (const event of ["wheel", "touchmove", "keydown"]) {
    document.addEventListener(event, () => { asked = null; }, { passive: true, signal: stop.signal });
  }
  document.addEventListener("keydown", pressTrain, { capture: true, signal: stop.signal }); // Pills keep Enter to themselves.
  mark();
  return () => stop.abort();
}

const card = (key) => document.querySelector(`.st-key-card-${key}`);

function goTo(key) {
  const found = card(key);
  if (!found) return;
  found.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  found.tabIndex = -1; // So that the Tab key goes on from there.
  found.focus({ preventScroll: true });
}

function pressTrain(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
  if (!event.target.closest("input, textarea")) { // What has the focus would be pressed too.
    event.preventDefault();
    event.stopPropagation();
  }
  // After the field that has the focus has taken its value.
  setTimeout(() => document.querySelector(".st-key-start button:enabled")?.click());
}
