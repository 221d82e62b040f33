// A table of runs, which the server sorts. Rows are kept by the ids of their runs, so that focus and scrolling survive whatever changes.
// Keys: arrows, Home, End and page keys move; Space selects; Enter opens. In the head, arrows move from column to column.

const STAR = "M0-6 1.4-1.9 5.7-1.9 2.2.7 3.5 4.9 0 2.3-3.5 4.9-2.2.7-5.7-1.9-1.4-1.9Z"
const STEP = 10 // Rows of a page key.
const tables = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const table = tables.get(parentElement) ?? mount(parentElement)
  table.send = setTriggerValue
  update(table, data)
  return () => {
    point(null)
    table.observer.disconnect()
    table.box.remove()
    tables.delete(parentElement)
  }
}

function mount(parentElement) {
  const box = make("div", "tl-table")
  const grid = make("table")
  grid.setAttribute("role", "grid")
  const table = { box, grid, head: grid.createTHead().insertRow(), body: grid.createTBody(), rows: new Map(), turn: 0 }
  Object.assign(table, { selected: new Set(), current: null, anchor: null, headSaid: "", send: null, data: null })
  table.head.addEventListener("click", (event) => clickHead(table, event))
  table.head.addEventListener("keydown", (event) => keyHead(table, event))
  table.body.addEventListener("click", (event) => click(table, event))
  table.body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()) // It would select text.
  table.body.addEventListener("keydown", (event) => key(table, event))
  table.body.addEventListener("focusin", (event) => arrive(table, idOf(event)))
  for (const leave of ["focusout", "pointerleave"]) table.body.addEventListener(leave, () => point(null))
  table.body.addEventListener("pointerover", (event) => point(idOf(event)))
  box.append(grid)
  parentElement.append(box)
  box.addEventListener("scroll", () => fade(box), { passive: true })
  table.observer = new ResizeObserver(() => fade(box))
  for (const element of [box, grid]) table.observer.observe(element)
  tables.set(parentElement, table)
  return table
}

function update(table, data) {
  table.data = data
  table.box.style.maxHeight = data.height ? `${data.height}px` : ""
  table.grid.setAttribute("aria-label", data.label)
  if (data.selectable) table.grid.setAttribute("aria-multiselectable", "true")
  // What was clicked since the server last looked counts more than what it knows.
  if (data.turn >= table.turn) {
    table.turn = data.turn
    table.selected = new Set(data.selected)
  }
  drawHead(table)
  drawRows(table)
  paint(table)
}

// Whether further columns follow on the right.
function fade(box) {
  box.classList.toggle("tl-more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1)
}

function drawHead(table) {
  const { data, head } = table
  const said = JSON.stringify([data.columns, data.selectable, data.sortable])
  if (said === table.headSaid) return
  table.headSaid = said
  const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement)
  const cells = data.columns.map((column, place) => {
    const cell = make("th", classOf(column))
    cell.scope = "col"
    if (column.sorted) cell.setAttribute("aria-sort", column.sorted)
    const button = make(data.sortable ? "button" : "span", "", column.title)
    button.title = column.help
    if (data.sortable) {
      button.type = "button"
      button.dataset.key = column.key
      button.tabIndex = place === Math.max(focused, 0) ? 0 : -1
    }
    const arrow = { ascending: " ▲", descending: " ▼" }[column.sorted]
    if (arrow) button.append(hidden(arrow))
    cell.append(button)
    return cell
  })
  if (data.selectable) cells.unshift(checkCell("th", "Select all"))
  head.replaceChildren(...cells)
  if (focused >= 0) head.querySelectorAll("button")[focused]?.focus()
}

function drawRows({ data, body, rows, box }) {
  const focused = rows.get(body.contains(document.activeElement) ? idOf({ target: document.activeElement }) : null)
  const columns = JSON.stringify(data.columns.map(classOf))
  data.rows.forEach((row, place) => {
    const kept = rows.get(row.id) ?? { line: make("tr"), said: "" }
    const said = JSON.stringify(row) + columns
    if (said !== kept.said) fill(kept.line, row, data)
    rows.set(row.id, Object.assign(kept, { said }))
    if (body.children[place] !== kept.line) body.insertBefore(kept.line, body.children[place] ?? null)
  })
  while (body.children.length > data.rows.length) body.lastChild.remove()
  const shown = new Set(data.rows.map((row) => row.id))
  for (const id of rows.keys()) if (!shown.has(id)) rows.delete(id)
  box.style.setProperty("--tl-training", data.training)
  box.style.setProperty("--tl-validation", data.validation)
  if (focused?.line.isConnected) focused.line.focus({ preventScroll: true })
}

function fill(line, row, data) {
  line.dataset.id = row.id
  const cells = data.columns.map((column, place) => cellOf(column, row.cells[place], place === 0 ? row : null))
  if (data.selectable) cells.unshift(checkCell("td", `Select ${row.cells[0].text}`))
  line.replaceChildren(...cells)
}

function cellOf(column, content, named) {
  const cell = make(named ? "th" : "td", classOf(column))
  if (named) cell.scope = "row"
  if (content.hover) cell.title = content.hover
  if (content.bar) {
    cell.classList.add("tl-bar")
    cell.style.setProperty("--tl-share", `${100 * content.bar}%`)
  }
  if (named?.swatch) {
    const swatch = make("span", "tl-swatch")
    swatch.style.background = named.swatch
    cell.append(swatch)
  }
  if (named?.link) {
    const link = make("a", "", content.text)
    link.href = named.link
    link.tabIndex = -1
    if (content.before) cell.append(make("span", "tl-before", content.before))
    cell.append(link)
  } else if (content.curve) cell.append(sparkline(content.curve, content.hover))
  else cell.append(content.mark ? make("span", "tl-mark", content.text) : content.text)
  if (content.mark) cell.firstChild.style.color = `var(--st-${content.mark}-text-color)`
  if (content.small) cell.append(" ", make("span", content.mark ? "tl-small tl-below" : "tl-small", content.small))
  return cell
}

function sparkline({ training, validation, star, width, height }, said) {
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said })
  for (const [line, colour] of [[training, "--tl-training"], [validation, "--tl-validation"]])
    drawing.append(svg("path", { d: line, stroke: `var(${colour})` }))
  if (star) {
    const place = `translate(${star[0]} ${star[1]})`
    drawing.append(svg("path", { class: "tl-star", d: STAR, fill: "var(--tl-validation)", transform: place }))
  }
  return drawing
}

// What is selected, and which row the Tab key reaches.
function paint(table) {
  const { data, rows, head, selected } = table
  const current = rows.has(table.current) ? table.current : data.rows[0]?.id
  for (const [id, { line }] of rows) {
    line.tabIndex = id === current ? 0 : -1
    if (!data.selectable) continue
    line.setAttribute("aria-selected", selected.has(id))
    line.querySelector("input").checked = selected.has(id)
  }
  const all = head.querySelector("input")
  if (!all) return
  const count = data.rows.filter((row) => selected.has(row.id)).length
  all.checked = count > 0 && count === data.rows.length
  all.indeterminate = count > 0 && !all.checked
}

function clickHead(table, { target }) {
  const ids = table.data.rows.map((row) => row.id)
  if (target.matches("input")) return choose(table, target.checked ? ids : [], target.checked ? [] : ids)
  const button = target.closest("button")
  if (button) table.send("sorted", button.dataset.key)
}

function keyHead({ head }, event) {
  const buttons = [...head.querySelectorAll("button")].filter((button) => button.offsetParent)
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  const place = buttons.indexOf(event.target)
  const next = step && place >= 0 && buttons[place + step]
  if (!next) return
  event.preventDefault()
  event.target.tabIndex = -1
  next.tabIndex = 0
  next.focus()
}

function click(table, event) {
  const id = idOf(event)
  if (!id) return
  if (event.target.closest("a")) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return // A tab or a window of its own.
    event.preventDefault()
    return table.send("opened", id)
  }
  if (!table.data.selectable || String(getSelection())) return // Text was marked, to be copied.
  arrive(table, id)
  choose(table, ...turned(table, id, event.shiftKey))
}

// The ids to select and those to select no longer, where one was clicked: with Shift all from the one clicked before.
function turned({ data, selected, anchor }, id, range) {
  const ids = data.rows.map((row) => row.id)
  const from = range ? ids.indexOf(anchor) : -1
  if (from < 0) return selected.has(id) ? [[], [id]] : [[id], []]
  const to = ids.indexOf(id)
  return [ids.slice(Math.min(from, to), Math.max(from, to) + 1), []]
}

function choose(table, added, removed) {
  for (const id of added) table.selected.add(id)
  for (const id of removed) table.selected.delete(id)
  if (added.length + removed.length === 1) table.anchor = added[0] ?? removed[0]
  table.turn += 1
  paint(table)
  table.send("selected", { ids: [...table.selected], turn: table.turn })
}

function key(table, event) {
  const line = event.target
  if (line.tagName !== "TR" || event.ctrlKey || event.metaKey || event.altKey) return
  const lines = [...table.body.children]
  const at = lines.indexOf(line)
  const last = lines.length - 1
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + STEP, PageUp: at - STEP }
  if (event.key === "Enter" && table.data.openable) table.send("opened", line.dataset.id)
  else if (event.key === " " && table.data.selectable) choose(table, ...turned(table, line.dataset.id, false))
  else if (event.key in steps) lines[Math.min(Math.max(steps[event.key], 0), last)].focus()
  else return
  event.preventDefault()
}

function arrive(table, id) {
  table.current = id
  paint(table)
  point(id)
}

function point(id) {
  window.dispatchEvent(new CustomEvent(POINTED, { detail: id }))
}

function idOf({ target }) {
  return target.closest?.("tr[data-id]")?.dataset.id ?? null
}

function classOf({ kind, narrow }) {
  return `tl-${kind}${narrow ? "" : " tl-wide"}`
}

function checkCell(tag, label) {
  const cell = make(tag, "tl-check")
  const box = make("input")
  box.type = "checkbox"
  box.tabIndex = -1
  box.setAttribute("aria-label", label)
  cell.append(box)
  return cell
}

function hidden(text) {
  const found = make("span", "", text)
  found.setAttribute("aria-hidden", "true")
  return found
}
