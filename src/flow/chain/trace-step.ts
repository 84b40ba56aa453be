/** What a traced exchange notes of its plugins. Cold: few exchanges are traced. */
import type { Exchange } from '../../contract/exchange.ts'

/** `phase`: in the words of Kong's spans, `access.plugin.`. */
export function beginStep(x: Exchange, phase: string, plugin: string, nowMs: number): void {
  x.trace?.begin(`${phase}${plugin}`, nowMs)
}
