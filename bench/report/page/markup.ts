/** markup — HTML in which every value is escaped unless it is markup itself, so that no name can break the page. */

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Part = string | number | Markup | readonly Markup[]

/** html`<p>${name}</p>` */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0]!
  for (const [i, part] of parts.entries()) text += textOf(part) + strings[i + 1]!
  return new Markup(text)
}

export const NOTHING = new Markup('')

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function textOf(part: Part): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'string') return escapeText(part)
  return typeof part === 'number' ? showNumber(part) : part.map((one) => one.text).join('')
}

/** Coordinates need no more than two digits, and a page has thousands of them. */
function showNumber(number: number): string {
  return Number.isFinite(number) ? String(Math.round(number * 100) / 100) : '0'
}
