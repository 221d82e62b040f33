// Draws a Plotly figure where Streamlit mounts it, and draws it anew, in place, whenever its data or the theme change.

const LOADING = Symbol.for("tl-lab.plotly") // One script for all charts of the page, whichever module instance asks first.
const NARROW = 560 // CSS pixels below which ticks and the legend get smaller.
const CLICK = 350 // Milliseconds after which Plotly knows that a click is not half a double click; it hides a curve only then.
const ENDS = 190 // CSS pixels right of the curves for their names, where a wide chart writes them at their ends.
const PALE = 0.15 // Opacity of the other runs meanwhile.
const DRAWN = Symbol.for("tl-lab.charts") // Those of the page that are drawn; shared like the script.
const charts = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const chart = charts.get(parentElement) ?? mount(parentElement)
  chart.wanted = data
  chart.send = setTriggerValue
  describe(chart)
  plotly(data.version).then(
    (Plotly) => update(chart, Plotly),
    () => fail(chart),
  )
  return () => unmount(chart, parentElement)
}

function plotly(version) {
  window[LOADING] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL(`plotly.min.js?v=${version}`, document.baseURI)
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      delete window[LOADING] // The next chart tries again.
      script.remove()
      reject(new Error(`${script.src} cannot be loaded`))
    }
    document.head.append(script)
  })
  return window[LOADING]
}

function mount(parentElement) {
  const box = document.createElement("div")
  box.className = "tl-chart"
  box.setAttribute("role", "figure") // An image may hold no buttons.
  const frame = document.createElement("div")
  frame.className = "tl-chart-frame"
  const ends = document.createElement("div")
  frame.append(box, ends)
  parentElement.append(frame)
  const chart = { frame, box, ends, drawn: null, pressed: false, alive: true, pointed: null, asked: {} }
  const stop = new AbortController()
  const on = (target, event, act) => target.addEventListener(event, act, { capture: true, signal: stop.signal })
  on(box, "pointerdown", () => { chart.pressed = true })
  for (const event of ["pointerup", "pointercancel"]) on(window, event, () => release(chart))
  on(window, POINTED, ({ detail }) => {
    chart.pointed = detail
    light(chart)
  })
  chart.stop = () => stop.abort()
  chart.observer = new ResizeObserver(() => resize(chart))
  chart.observer.observe(box)
  charts.set(parentElement, chart)
  return chart
}

function unmount(chart, parentElement) {
  chart.alive = false
  chart.stop()
  chart.observer.disconnect()
  window[DRAWN]?.delete(chart)
  if (chart.drawn !== null) window.Plotly.purge(chart.box)
  chart.frame.remove()
  charts.delete(parentElement)
}

function describe({ box, wanted }) {
  box.style.height = `${wanted.height}px` // Also while the script loads, so that the page does not jump.
  box.setAttribute("aria-label", wanted.alt)
}

function fail({ box, drawn }) {
  if (drawn !== null) return
  const said = document.createElement("p")
  said.className = "tl-chart-message"
  said.textContent = "The chart could not be loaded. Is the server still running? Reload the page to try again."
  box.replaceChildren(said)
}

function release(chart) {
  if (!chart.pressed) return
  setTimeout(() => {
    chart.pressed = false
    if (window.Plotly) update(chart, window.Plotly)
  }, CLICK)
}

function update(chart, Plotly) {
  if (!chart.alive || chart.pressed) return // It would end a drag or a click half-way.
  const { box, wanted } = chart
  const { figure, height, name } = wanted
  const theme = themeOf(box)
  const narrow = box.clientWidth < NARROW
  const said = JSON.stringify([figure, height, theme, narrow])
  if (said === chart.drawn) return
  const first = chart.drawn === null
  if (first) box.replaceChildren()
  chart.drawn = said
  const { data, layout } = coloured(figure, theme)
  keepHidden(box.data ?? [], data)
  keepZoom(chart, layout)
  chart.settings ??= settings(Plotly, name) // The very same object each time: Plotly makes a new chart for another one.
  const named = !narrow && data.some((trace) => trace.meta?.end)
  const shown = { ...look(theme, narrow, height, named ? ENDS : 12), ...layout, height, autosize: true }
  Plotly.react(box, data, named ? { ...shown, showlegend: false } : shown, chart.settings)
  // Also after a zoom, and where the window gets another width.
  if (first) {
    box.on("plotly_afterplot", () => { nameEnds(chart, Plotly); light(chart) })
    followHover(chart)
    box.on("plotly_hover", () => requestAnimationFrame(() => uncover(chart)))
    box.on("plotly_unhover", () => { chart.ends.style.opacity = "" })
    box.on("plotly_click", ({ points }) => {
      const opened = openedBy(points[0])
      if (opened) chart.send?.("opened", opened)
    })
  }
  resetTo(chart)
  nameEnds(chart, Plotly)
}

// One id for a whole curve, or a list with one for each point of it; of a heat map a list of rows.
function openedBy({ data, pointNumber }) {
  return [pointNumber].flat().reduce((opens, place) => (Array.isArray(opens) ? opens[place] : opens), data.meta?.open)
}

// Linked charts show their labels at the same place. A hover that a script asks for emits no event, so none comes back.
function followHover(chart) {
  const all = (window[DRAWN] ??= new Set())
  all.add(chart)
  const others = () => [...all].filter((other) => other !== chart && chart.wanted.linked && other.wanted.linked === chart.wanted.linked)
  chart.box.on("plotly_hover", ({ points }) => {
    for (const { box } of others()) if (box.data.length) window.Plotly.Fx.hover(box, { xval: points[0].x })
  })
  chart.box.on("plotly_unhover", () => {
    for (const { box } of others()) window.Plotly.Fx.unhover(box)
  })
}

// The names of runs at the ends of their curves, each pushed down as far as the one above needs. A click hides the curves of a run.
function nameEnds({ box, ends, alive }, Plotly) {
  const { _size: size, yaxis } = box._fullLayout ?? {}
  const traces = alive && box._fullLayout?.showlegend === false ? box.data.filter((trace) => trace.meta?.end) : []
  const bottom = size ? size.t + size.h : 0
  const place = (trace) => {
    const last = trace.y.findLast((value) => value !== null)
    const at = trace.visible === "legendonly" || last === undefined ? bottom : yaxis.d2p(last) + yaxis._offset
    return Math.min(Math.max(at, size.t), bottom)
  }
  const named = traces.map((trace) => ({ trace, at: place(trace) })).sort((one, other) => one.at - other.at)
  const focused = ends.contains(document.activeElement) ? document.activeElement.dataset.group : null
  ends.replaceChildren(...named.map(({ trace }) => endOf(trace, box, Plotly)))
  if (focused !== null) [...ends.children].find((end) => end.dataset.group === focused)?.focus({ preventScroll: true })
  ends.style.left = `${size ? size.l + size.w + 6 : 0}px`
  const room = bottom + 12
  ends.classList.toggle("tl-tight", [...ends.children].reduce((tall, end) => tall + end.offsetHeight + 3, 0) > room)
  let free = 0
  const tops = named.map(({ at }, number) => {
    const tall = ends.children[number].offsetHeight + 3
    const top = Math.max(at - tall / 2, free)
    free = top + tall
    return top
  })
  const over = Math.max(0, free - room)
  tops.forEach((top, number) => { ends.children[number].style.top = `${Math.max(0, top - over)}px` })
}

// The hover label lies below the names, which would be written across it.
function uncover({ box, ends }) {
  const label = box.querySelector(".hoverlayer")?.getBoundingClientRect()
  ends.style.opacity = label && label.right > ends.getBoundingClientRect().left ? "0.1" : ""
}

function endOf(trace, box, Plotly) {
  const end = document.createElement("button")
  const hidden = trace.visible === "legendonly"
  end.type = "button"
  end.className = "tl-chart-end"
  end.textContent = trace.meta.end
  end.dataset.symbol = trace.meta.symbol // Drawn by the style: it is no part of the name.
  end.style.setProperty("--tl-colour", trace.line.color)
  end.title = `${trace.meta.end}\n${hidden ? "Show its curves" : "Hide its curves"}`
  end.setAttribute("aria-pressed", !hidden)
  end.style.borderColor = trace.line.color
  end.dataset.group = trace.legendgroup
  const group = box.data.flatMap((other, number) => (other.legendgroup === trace.legendgroup ? [number] : []))
  end.onclick = () => Plotly.restyle(box, { visible: hidden ? true : "legendonly" }, group)
  return end
}

// Pales all runs but the one that is pointed at. Plotly gives each curve's element the name of its uid, so nothing is drawn anew.
function light({ box, ends, pointed: run, drawn }) {
  if (drawn === null || !box.data) return
  const pointed = box.layout.meta?.groups?.[run] ?? run // Of several runs that are one curve, that one.
  const lit = box.data.some((trace) => trace.legendgroup === pointed)
  for (const { uid, legendgroup } of box.data) {
    const pale = lit && legendgroup !== pointed
    for (const element of box.getElementsByClassName(`trace${uid}`)) element.style.opacity = pale ? PALE : ""
  }
  for (const end of ends.children) end.style.opacity = lit && end.dataset.group !== pointed ? 0.4 : ""
}

// Plotly keeps the curves that are hidden; those that are new, such as the measured ones behind the smoothed, follow their group.
function keepHidden(before, data) {
  const hidden = new Set(before.filter(({ visible }) => visible === "legendonly").map(({ legendgroup }) => legendgroup))
  for (const trace of data) if (hidden.has(trace.legendgroup)) trace.visible = "legendonly"
}

// Plotly forgets a zoom when a figure asks for another range, and while a run trains it asks for more and more. So an axis that shows
// anything else than was asked for goes on showing that.
function keepZoom({ box, asked }, layout) {
  for (const name of ["xaxis", "yaxis"]) {
    const axis = layout[name] ?? {}
    const [before, now] = [asked[name], box.layout?.[name]]
    asked[name] = { range: axis.range?.slice(), uirevision: axis.uirevision } // A copy: Plotly writes a zoom into the array itself.
    if (!axis.range || !before?.range || before.uirevision !== axis.uirevision) continue
    if (now.autorange) Object.assign(axis, { autorange: true, range: undefined })
    else if (differ(now.range, before.range)) axis.range = [...now.range]
  }
}

// What a double click and the button "reset" go back to: Plotly takes the first range there was.
function resetTo({ box, asked }) {
  for (const name of ["xaxis", "yaxis"]) {
    const range = asked[name]?.range
    if (range) [box._fullLayout[name]._rangeInitial0, box._fullLayout[name]._rangeInitial1] = range
  }
}

function differ(one, other) {
  const span = Math.abs(other[1] - other[0])
  return one.some((end, place) => Math.abs(end - other[place]) > 1e-6 * span)
}

function resize(chart) {
  if (chart.drawn === null || chart.box.clientWidth === 0) return // Hidden in a closed expander or another tab.
  requestAnimationFrame(() => {
    if (!chart.alive) return
    update(chart, window.Plotly)
    window.Plotly.Plots.resize(chart.box)
  })
}

function look(theme, narrow, height, right) {
  const { text, background, font } = theme
  const [top, bottom] = [30, 46] // CSS pixels: the buttons; ticks and the title of the x axis.
  return {
    paper_bgcolor: background, // Not see-through: a downloaded picture has to be legible on any page.
    plot_bgcolor: background,
    font: { family: font, color: text, size: narrow ? 11 : 13 },
    margin: { l: narrow ? 44 : 60, r: right, t: top, b: bottom },
    legend: { orientation: "h", x: 0, xanchor: "left", y: -bottom / (height - top - bottom - 30), yanchor: "top" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("text/0.5", theme), activecolor: text },
    hoverlabel: { bgcolor: background, font: { family: font, color: text } },
  }
}

function settings(Plotly, name) {
  const download = (format) => (box) =>
    Plotly.downloadImage(inPicture(box), {
      format,
      filename: name,
      scale: format === "png" ? 2 : 1,
      width: box.clientWidth,
      height: box.clientHeight,
    })
  return {
    displaylogo: false,
    displayModeBar: true,
    modeBarButtons: [
      [
        { name: "png", title: "Download as PNG", icon: Plotly.Icons.camera, click: download("png") },
        { name: "svg", title: "Download as SVG", icon: Plotly.Icons.disk, click: download("svg") },
      ],
      ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"],
    ],
  }
}

// A picture does not know the fonts of the page: with a plain one, text is as wide as the legend believes.
function inPicture({ data, layout }) {
  return { data, layout: { ...layout, font: { ...layout.font, family: "Arial, sans-serif" } } }
}
