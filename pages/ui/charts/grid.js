// Small charts with common axes, one for each run. Pointing at an epoch in one shows that epoch in all.

const FEW = 6 // Up to so many charts are larger.
const grids = new WeakMap()

export default function ({ data, parentElement }) {
  const grid = grids.get(parentElement) ?? mount(parentElement)
  draw(grid, data)
  return () => {
    grid.stop.abort()
    grid.box.remove()
    grids.delete(parentElement)
  }
}

function mount(parentElement) {
  const box = make("div", "tl-grid")
  box.setAttribute("role", "figure")
  const grid = { box, said: "", stop: new AbortController() }
  const { signal } = grid.stop
  window.addEventListener(POINTED, ({ detail }) => light(grid, detail), { signal })
  box.addEventListener("pointermove", (event) => follow(grid, event))
  box.addEventListener("pointerleave", () => show(grid, null))
  parentElement.append(box)
  grids.set(parentElement, grid)
  return grid
}

function draw(grid, data) {
  grid.box.setAttribute("aria-label", data.alt)
  const said = JSON.stringify(data)
  if (said === grid.said) return
  grid.said = said
  grid.box.classList.toggle("tl-grid-few", data.cells.length <= FEW)
  grid.cells = data.cells.map((cell) => cellOf(cell, data))
  grid.box.replaceChildren(...(grid.cells.length ? grid.cells.map(({ box }) => box) : [make("p", "", data.empty)]))
}

function cellOf(cell, { ticks, ends }) {
  const box = make("div", "tl-grid-cell")
  const title = make("div", "tl-grid-title")
  if (cell.swatch) {
    const swatch = make("span", "tl-swatch")
    swatch.style.background = cell.swatch
    title.append(swatch)
  }
  title.append(cell.title)
  title.title = cell.title
  const plot = make("div", "tl-grid-plot")
  const drawing = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" })
  for (const [up, text] of ticks) {
    drawing.append(svg("path", { class: "tl-grid-tick", d: `M0 ${up}H100` }))
    const label = make("span", "tl-grid-label", text)
    label.style.top = `${up}%`
    plot.append(label)
  }
  for (const { path, colour } of cell.bands) {
    const band = svg("path", { class: "tl-grid-band", d: path })
    band.style.fill = colour
    drawing.append(band)
  }
  for (const { path, dash, colour } of cell.lines) {
    const line = svg("path", { class: "tl-grid-line", d: path, "stroke-dasharray": dash })
    line.style.stroke = colour
    drawing.append(line)
  }
  const cursor = make("div", "tl-grid-cursor")
  plot.append(drawing, cursor)
  if (cell.star) {
    const star = make("span", "tl-grid-star", "★")
    star.style.left = `${cell.star[0]}%`
    star.style.top = `${cell.star[1]}%`
    star.style.color = cell.lines[0].colour
    plot.append(star)
  }
  const foot = make("div", "tl-grid-foot")
  const axis = ends.map((end) => make("span", "", end))
  const readout = make("div", "tl-grid-said")
  foot.append(...axis)
  box.append(title, plot, foot, readout)
  return { ...cell, box, plot, cursor, readout }
}

function follow(grid, event) {
  const plot = event.target.closest?.(".tl-grid-plot")
  if (!plot) return show(grid, null)
  const { left, width } = plot.getBoundingClientRect()
  show(grid, (100 * (event.clientX - left)) / width)
}

// The epoch nearest to a place of the x axis, in every chart; none for null.
function show({ cells }, across) {
  for (const { across: places, said, cursor, readout, plot } of cells) {
    plot.parentElement.classList.toggle("tl-grid-reading", across !== null)
    if (across === null) continue
    let nearest = 0
    places.forEach((place, number) => { if (Math.abs(place - across) < Math.abs(places[nearest] - across)) nearest = number })
    cursor.style.left = `${places[nearest]}%`
    readout.textContent = said[nearest]
  }
}

function light({ cells }, id) {
  const lit = cells.find((cell) => cell.members.includes(id))
  for (const cell of cells) {
    cell.box.classList.toggle("tl-grid-pale", Boolean(lit) && cell !== lit)
    cell.box.classList.toggle("tl-grid-lit", cell === lit)
  }
  if (lit) reveal(lit.box)
}

// Scrolls the charts alone, not the page.
function reveal(cell) {
  const box = cell.parentElement
  const top = cell.offsetTop - box.offsetTop
  if (top < box.scrollTop) box.scrollTop = top
  else box.scrollTop = Math.max(box.scrollTop, top + cell.offsetHeight - box.clientHeight)
}
