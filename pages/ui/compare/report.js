// Draws the charts of a report with the components of the dashboard, and draws them anew where the device turns light or dark.

const wanted = JSON.parse(document.getElementById("charts").textContent)
window[Symbol.for("tl-lab.plotly")] = Promise.resolve(window.Plotly) // chart.js would fetch it.

function draw() {
  for (const [name, data] of Object.entries(wanted)) {
    const component = data.figure ? drawChart : drawGrid
    component({ data, parentElement: document.querySelector(`[data-chart="${name}"]`) })
  }
}

draw()
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw)

for (const row of document.querySelectorAll("tr[data-id]")) {
  row.addEventListener("pointerenter", () => window.dispatchEvent(new CustomEvent(POINTED, { detail: row.dataset.id })))
  row.addEventListener("pointerleave", () => window.dispatchEvent(new CustomEvent(POINTED, { detail: null })))
}
