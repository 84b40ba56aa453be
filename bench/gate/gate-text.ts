/** gate-text — verdicts in words, and the exit code they come to. */
import { showCount, showFigure } from '../report/ratios.ts'
import { type Bound, bounds } from './bounds.ts'
import type { Outcome, Verdict } from './judge.ts'

/** 0 when all held, 1 when something broke, 2 when nothing broke and something was not measured. */
export function gateExitCode(verdicts: readonly Verdict[]): 0 | 1 | 2 {
  if (countOf(verdicts, 'broken') > 0) return 1
  return countOf(verdicts, 'not measured') > 0 || verdicts.length === 0 ? 2 : 0
}

/** What held, then what was not measured, then what broke, where the eye ends; the last line sums up. */
export function gateText(verdicts: readonly Verdict[]): string {
  const order: readonly Outcome[] = ['held', 'not measured', 'broken']
  const lines = order.flatMap((outcome) =>
    verdictLines(verdicts, outcome).map((line) => `${outcome.padEnd(12)}  ${line}`),
  )
  return [...lines, gateSummary(verdicts)].join('\n')
}

export function gateSummary(verdicts: readonly Verdict[]): string {
  const [held, broken, unknown] = [
    countOf(verdicts, 'held'),
    countOf(verdicts, 'broken'),
    countOf(verdicts, 'not measured'),
  ]
  const passed = gateExitCode(verdicts) === 0 ? 'passed' : 'not passed'
  return `gate ${passed}: ${held} held, ${broken} broken, ${unknown} not measured`
}

/** A line a verdict; what was not measured for one and the same reason shares a line. */
export function verdictLines(verdicts: readonly Verdict[], outcome: Outcome): string[] {
  const wanted = verdicts.filter((verdict) => verdict.outcome === outcome)
  const blank = wanted.filter((verdict) => outcome === 'not measured' && verdict.found === null)
  const alike = new Map<string, string[]>()
  for (const verdict of blank) {
    const reason = `${verdict.scenario}\0${verdict.why}`
    alike.set(reason, [...(alike.get(reason) ?? []), nameOf(verdict)])
  }
  const shared = [...alike].map(([reason, names]) => {
    const [scenario, why] = reason.split('\0')
    return `${scenario}: ${names.join(', ')}: ${why}`
  })
  return [...shared, ...wanted.filter((verdict) => !blank.includes(verdict)).map(verdictText)]
}

/** `plain-64: p99 1.43 x nginx, bound 1.20: 19 % over (rounds 1.31–1.60)` */
export function verdictText(verdict: Verdict): string {
  const { scenario, why, found, spread, to } = verdict
  if (verdict.bound === 'errors') return `${scenario}: ${why === '' ? 'no request failed' : why}`
  if (found === null || spread === null) return `${scenario}: ${nameOf(verdict)}: ${why}`
  const unit = boundOf(verdict)?.unit ?? ''
  const amount = to === '' ? `${showFigure(found)} ${unit}` : `${found.toFixed(2)} x ${to}`
  const limit = to === '' ? `${showFigure(verdict.limit)} ${unit}` : verdict.limit.toFixed(2)
  const rounds = `(rounds ${to === '' ? range(spread, showFigure) : range(spread, (one) => one.toFixed(2))})`
  const remark = verdict.remark === '' ? '' : `; ${verdict.remark}`
  return `${scenario}: ${says(verdict)} ${amount}, bound ${limit}${consequence(verdict, found)} ${rounds}${remark}`
}

function consequence(verdict: Verdict, found: number): string {
  if (verdict.outcome === 'held') return ''
  if (verdict.outcome === 'not measured') return `: ${verdict.why}`
  const share = (100 * Math.abs(found - verdict.limit)) / verdict.limit
  const percent = share >= 1 ? showCount(share) : share.toFixed(1)
  return `: ${percent} % ${found > verdict.limit ? 'over' : 'under'}`
}

function range({ least, most }: { least: number; most: number }, show: (figure: number) => string): string {
  const rounds = [show(least), show(most)]
  return rounds[0] === rounds[1] ? `all ${rounds[0]}` : rounds.join('–')
}

function nameOf(verdict: Verdict): string {
  if (verdict.bound === 'errors') return 'errors'
  return verdict.to === '' ? says(verdict) : `${says(verdict)} x ${verdict.to}`
}

function says(verdict: Verdict): string {
  return boundOf(verdict)?.says ?? verdict.bound
}

function boundOf(verdict: Verdict): Bound | undefined {
  return bounds.find((bound) => bound.name === verdict.bound)
}

function countOf(verdicts: readonly Verdict[], outcome: Outcome): number {
  return verdicts.filter((verdict) => verdict.outcome === outcome).length
}
