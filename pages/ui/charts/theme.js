// The colours of the theme that the page shows, and those that figures name; see colours.py.

function themeOf(element) {
  const style = getComputedStyle(element)
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim()
  return {
    palette: colours(read("chart-categorical-colors")),
    sequence: colours(read("chart-sequential-colors")),
    text: read("text-color"),
    background: read("background-color"),
    border: read("border-color"),
    font: read("font") || "sans-serif",
  }
}

function colours(list) {
  return list.split(",").map((colour) => colour.trim())
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
  const solid = theme[base] ?? (base[0] === "s" ? between(theme.sequence, Number(base.slice(1))) : theme.palette[Number(base) % theme.palette.length])
  if (opacity === undefined) return solid
  const [red, green, blue] = channels(solid)
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`
}

// The colour at a place of a sequence; between two entries a mixture, as colours.py has it.
function between(sequence, place) {
  const [below, above] = [Math.floor(place), Math.ceil(place)].map((at) => channels(sequence[at]))
  const mixed = below.map((low, at) => Math.round(low + (above[at] - low) * (place % 1)))
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`
}

function channels(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16))
}
