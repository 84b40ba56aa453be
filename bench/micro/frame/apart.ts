/**
 * apart — measures each group in a process of its own, so that no group finds code that others have had compiled for
 * what they did, nor their garbage.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Bench, Settings } from './bench.ts'
import { type GroupResult, measureGroup, type Tell } from './measure.ts'

/** What the other process is handed, as its only word. */
interface Order {
  readonly group: string
  readonly settings: Settings
}

type Message = { readonly step: string } | { readonly result: GroupResult }

const MARK = '--apart='

/** `group` is a full name. Starts this process's own file once more. */
export async function measureApart(group: string, settings: Settings, tell: Tell): Promise<GroupResult> {
  const order: Order = { group, settings }
  const words = [MARK + JSON.stringify(order)]
  const child = fork(process.argv[1]!, words, { execArgv: process.execArgv, serialization: 'advanced' })
  let result: GroupResult | null = null
  child.on('message', (message: Message) => {
    if ('step' in message) tell(message.step)
    else result = message.result
  })
  await once(child, 'close')
  if (result === null) throw new Error(`${group} could not be measured`)
  return result
}

/** In the other process: does what it was started for. False in any other. */
export async function measureIfApart(benches: readonly Bench[]): Promise<boolean> {
  const word = process.argv[2]
  if (word === undefined || !word.startsWith(MARK)) return false
  const { group, settings } = JSON.parse(word.slice(MARK.length)) as Order // what measureApart wrote
  for (const bench of benches)
    for (const one of bench.groups) {
      if (fullName(bench, one) !== group) continue
      say({ result: await measureGroup(one, settings, (step) => say({ step })) })
      process.disconnect()
    }
  return true
}

export function fullName(bench: Bench, group: { readonly name: string }): string {
  return `${bench.name} / ${group.name}`
}

function say(message: Message): void {
  process.send!(message)
}
