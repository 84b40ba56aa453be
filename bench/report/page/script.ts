/**
 * script — the page's only script: over a latency chart it tells each subject's time at the percentile pointed at.
 * It reads what the chart was drawn from (`data-lines`) and writes text only; without it the page lacks nothing else.
 */

/** Points of a line for each nine: see merged-histogram. */
const POINTS = 25

export const SCRIPT = `
for (const figure of document.querySelectorAll('.latency')) {
  const lines = JSON.parse(figure.dataset.lines)
  const readout = figure.querySelector('.readout')
  const show = (svg, event) => {
    const box = svg.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width
    const longest = Math.max(...lines.map((line) => line.ms.length))
    const at = Math.round(((x - svg.dataset.left) / svg.dataset.nine) * ${POINTS})
    const i = Math.min(longest - 1, Math.max(0, at))
    const middle = Number(svg.dataset.left) + (i / ${POINTS}) * svg.dataset.nine
    for (const end of ['x1', 'x2']) svg.querySelector('.cursor').setAttribute(end, middle)
    const beyond = 100 / 10 ** (i / ${POINTS})
    const title = document.createElement('b')
    title.textContent = 'p' + (100 - beyond).toFixed(Math.max(0, Math.ceil(1 - Math.log10(beyond))))
    const rows = lines.filter((line) => i < line.ms.length).sort((a, b) => b.ms[i] - a.ms[i])
    readout.replaceChildren(title, ...rows.map((line) => {
      const row = document.createElement('div')
      row.className = line.colour
      for (const text of [line.name, line.ms[i] + ' ms']) {
        const cell = document.createElement('span')
        cell.textContent = text
        row.append(cell)
      }
      return row
    }))
    const isLeft = x < svg.viewBox.baseVal.width * 0.45
    readout.style.left = isLeft ? 'auto' : ''
    readout.style.right = isLeft ? '16%' : ''
    readout.hidden = false
    svg.querySelector('.cursor').style.visibility = 'visible'
  }
  for (const svg of figure.querySelectorAll('svg')) {
    svg.addEventListener('pointermove', (event) => show(svg, event))
    svg.addEventListener('pointerdown', (event) => show(svg, event))
    svg.addEventListener('pointerleave', () => {
      readout.hidden = true
      svg.querySelector('.cursor').style.visibility = ''
    })
  }
}
`
