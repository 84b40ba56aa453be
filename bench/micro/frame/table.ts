/** table — a group's figures as lines of text. */
import type { Allocation } from './allocation.ts'
import type { CaseResult, GroupResult } from './measure.ts'

const HEADS = ['median', 'least–most', '× first', 'over first', 'heap B', 'outside B']

export function tableOf(group: GroupResult): string {
  const rows = [[group.name, ...HEADS, ''], ...group.cases.map(rowOf)]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => [...row[column]!].length)))
  const isText = (column: number): boolean => column === 0 || column === HEADS.length + 1
  const show = (cell: string, column: number): string =>
    isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  return rows.map((row) => row.map(show).join('  ').trimEnd()).join('\n')
}

function rowOf(one: CaseResult, i: number): string[] {
  const name = one.peer === null ? one.name : `${one.name} (${one.peer})`
  return [
    `  ${name}`,
    showNs(one.ns.median),
    `${showNs(one.ns.least)}–${showNs(one.ns.most)}`,
    i === 0 ? '' : one.ratio.toFixed(2),
    i === 0 ? '' : `${one.moreNs < 0 ? '−' : '+'}${showNs(Math.abs(one.moreNs))}`,
    ...bytesOf(one.allocated),
    one.note ?? '',
  ]
}

function bytesOf(allocated: Allocation | null): [heap: string, outside: string] {
  if (allocated === null) return ['n/a', '']
  return [showBytes(allocated.heap), allocated.outside < 0.05 ? '' : showBytes(allocated.outside)]
}

function showBytes(bytes: number): string {
  if (bytes < 0.05) return '0'
  return bytes < 10 ? bytes.toFixed(1) : bytes.toFixed(0)
}

export function showNs(ns: number): string {
  if (ns < 9.95) return `${ns.toFixed(1)} ns`
  if (ns < 9_950) return `${ns.toFixed(0)} ns`
  if (ns < 995_000) return `${(ns / 1000).toFixed(1)} µs`
  return `${(ns / 1e6).toFixed(1)} ms`
}
