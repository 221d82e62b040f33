// What the scripts of several components share.

const POINTED = "tl-run-pointed" // The event that tells charts which run of a table is pointed at, or that none is.
const SVG = "http://www.w3.org/2000/svg"

function make(tag, className = "", text = "") {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text) made.textContent = text
  return made
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}
