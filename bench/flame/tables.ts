/** tables — what was found, as people read it: the terminal's tables, and one to paste into a page. */
import { type AreaRow, KINDS } from './areas.ts'
import type { Row, Summary } from './summary.ts'

const FUNCTIONS = 30
const FILES = 15
/** Less is left out of a table. */
const SHARE_MIN = 0.0005
/** Fewer a request are those of opening connections. */
const CALLS_MIN = 0.02

/** `us`: CPU a request, or 0 where the requests were not counted. */
export function summaryText(summary: Summary, us: number): string {
  const areas = summary.areas.map(({ kind, name, share }) => ({ name: `${kind}: ${name}`, share }))
  return [
    section('by area', areas, us),
    section('by file', summary.files.slice(0, FILES), us),
    section(`by function, the first ${FUNCTIONS}`, summary.functions.slice(0, FUNCTIONS), us),
  ].join('\n')
}

function section(title: string, rows: readonly Row[], us: number): string {
  const lines = rows.filter(({ share }) => share >= SHARE_MIN).map((row) => line(row, us))
  return `${title}\n${lines.join('\n')}\n`
}

function line({ name, share }: Row, us: number): string {
  const time = us === 0 ? '' : `${(share * us).toFixed(2).padStart(7)} µs`
  return `  ${percent(share).padStart(6)}${time}  ${name}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Markdown; a line of sums for each kind, and below it what it is made of. */
export function whereTable(rows: readonly AreaRow[], us: number): string {
  const lines = ['| where | share | µs a request |', '|---|--:|--:|']
  for (const kind of KINDS) {
    const own = rows.filter((row) => row.kind === kind && row.share >= SHARE_MIN)
    if (own.length === 0) continue
    const sum = rows.reduce((total, row) => (row.kind === kind ? total + row.share : total), 0)
    lines.push(`| **${kind}** | **${percent(sum)}** | **${(sum * us).toFixed(2)}** |`)
    for (const { name, share } of own)
      lines.push(`| ${name} | ${percent(share)} | ${(share * us).toFixed(2)} |`)
  }
  return lines.join('\n')
}

/** Markdown; the rarest calls are left out. */
export function syscallTable(counts: ReadonlyMap<string, number>, requests: number): string {
  const rows = [...counts]
    .map(([name, count]) => [name, count / requests] as const)
    .filter(([, each]) => each >= CALLS_MIN)
    .sort((a, b) => b[1] - a[1])
  const lines = rows.map(([name, each]) => `| ${name} | ${each.toFixed(2)} |`)
  return ['| system call | a request |', '|---|--:|', ...lines].join('\n')
}
