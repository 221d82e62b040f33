// Draws a Plotly figure where Streamlit mounts it, and draws it anew, in place, whenever its data or the theme change.

const LOADING = Symbol.for("tl-lab.plotly") // One script for all charts of the page, whichever module instance asks first.
const NARROW = 560 // CSS pixels below which ticks and the legend get smaller.
const CLICK = 350 // Milliseconds after which Plotly knows that a click is not half a double click; it hides a curve only then.
const charts = new WeakMap()

export default function ({ data, parentElement }) {
  const chart = charts.get(parentElement) ?? mount(parentElement)
  chart.wanted = data
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
  parentElement.append(box)
  const chart = { box, drawn: null, pressed: false, alive: true }
  const stop = new AbortController()
  const on = (target, event, act) => target.addEventListener(event, act, { capture: true, signal: stop.signal })
  on(box, "pointerdown", () => { chart.pressed = true })
  for (const event of ["pointerup", "pointercancel"]) on(window, event, () => release(chart))
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
  if (chart.drawn !== null) window.Plotly.purge(chart.box)
  chart.box.remove()
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
  if (chart.drawn === null) box.replaceChildren()
  chart.drawn = said
  const { data, layout } = coloured(figure, theme)
  keepHidden(box.data ?? [], data)
  chart.settings ??= settings(Plotly, name) // The very same object each time: Plotly makes a new chart for another one.
  Plotly.react(box, data, { ...look(theme, narrow, height), ...layout, height, autosize: true }, chart.settings)
}

// Plotly keeps the curves that are hidden; those that are new, such as the measured ones behind the smoothed, follow their group.
function keepHidden(before, data) {
  const hidden = new Set(before.filter(({ visible }) => visible === "legendonly").map(({ legendgroup }) => legendgroup))
  for (const trace of data) if (hidden.has(trace.legendgroup)) trace.visible = "legendonly"
}

function resize(chart) {
  if (chart.drawn === null || chart.box.clientWidth === 0) return // Hidden in a closed expander or another tab.
  requestAnimationFrame(() => {
    if (!chart.alive) return
    update(chart, window.Plotly)
    window.Plotly.Plots.resize(chart.box)
  })
}

function themeOf(element) {
  const style = getComputedStyle(element)
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim()
  return {
    palette: read("chart-categorical-colors").split(",").map((colour) => colour.trim()),
    text: read("text-color"),
    background: read("background-color"),
    border: read("border-color"),
    font: read("font") || "sans-serif",
  }
}

// The figure with every "theme:..." replaced; see colours.py.
function coloured(value, theme) {
  if (typeof value === "string") return value.startsWith("theme:") ? colour(value.slice("theme:".length), theme) : value
  if (Array.isArray(value)) return value.map((entry) => coloured(entry, theme))
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, coloured(entry, theme)]))
}

function colour(name, theme) {
  const [base, opacity] = name.split("/")
  const solid = theme[base] ?? theme.palette[Number(base) % theme.palette.length]
  if (opacity === undefined) return solid
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(solid.slice(start, start + 2), 16))
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`
}

function look(theme, narrow, height) {
  const { text, background, font } = theme
  const [top, bottom] = [30, 46] // CSS pixels: the buttons; ticks and the title of the x axis.
  return {
    paper_bgcolor: background, // Not see-through: a downloaded picture has to be legible on any page.
    plot_bgcolor: background,
    font: { family: font, color: text, size: narrow ? 11 : 13 },
    margin: { l: narrow ? 44 : 60, r: 12, t: top, b: bottom },
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
