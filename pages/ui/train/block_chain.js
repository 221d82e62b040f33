// A row of tiles: a click says which; the arrow keys move among them, so that the Tab key has one stop for all.
export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".tl-box") ?? parentElement.appendChild(document.createElement("div"));
  const focused = box.getRootNode().activeElement?.dataset?.block;
  box.className = "tl-box";
  box.innerHTML = data.html;
  const tiles = [...box.querySelectorAll("button:enabled")];
  const stop = tiles.find((tile) => tile.dataset.block === focused) ?? tiles.find((tile) => tile.matches(".tl-ends")) ?? tiles[0];
  for (const tile of tiles) tile.tabIndex = tile === stop ? 0 : -1;
  if (focused) stop?.focus();
  box.onclick = (event) => {
    const tile = event.target.closest("button:enabled");
    if (tile) setTriggerValue("clicked", tile.dataset.block);
  };
  box.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && tiles[tiles.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    for (const tile of tiles) tile.tabIndex = tile === next ? 0 : -1;
    next.focus();
  };
}
