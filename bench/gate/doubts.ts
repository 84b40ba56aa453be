/** doubts — what a reader of a scenario's figures has to know of them, by the rules of the gate. */
import type { ScenarioResult, Settings } from '../report/result.ts'
import { bounds } from './bounds.ts'
import { sharesOrigin, whyBusy, whyCores, whyFew, whyIdle, whyLate } from './unfit.ts'

/** More of the time than that is seen in a 99th percentile. */
const STOLEN = 0.01

export function doubtsOf({ subjects }: ScenarioResult, settings: Settings): string[] {
  const parties = subjects.filter(({ rounds }) => rounds.length > 0)
  if (parties.length === 0) return []
  const rounds = parties.flatMap((party) => party.rounds)
  const few = bounds.flatMap(({ says, beyond }) => {
    const why = beyond === undefined ? '' : whyFew(beyond, rounds)
    return why === '' ? [] : [`${says}: ${why}`]
  })
  const generator = parties.flatMap((party) => {
    const why = whyBusy(party.rounds) || whyLate(party.rounds, party.rounds)
    return why === '' ? [] : [`${party.name}: ${why}`]
  })
  const cores = parties.map(({ gatewayCores = settings.gatewayCores }) => whyCores(settings, gatewayCores))
  const isForAll = cores.every((why) => why === cores[0])
  const named = isForAll ? cores.slice(0, 1) : cores.map((why, i) => why && `${parties[i]!.name}: ${why}`)
  const shared = [...named, sharesOrigin(settings)].filter((why) => why !== '')
  const stolen = Math.max(...rounds.map((round) => round.stolen))
  const host =
    stolen > STOLEN ? [`the host of this machine took up to ${Math.round(100 * stolen)} % of a round`] : []
  const idle = parties.map(whyIdle).filter((why) => why !== '')
  return [...shared, ...host, ...few, ...generator, ...idle]
}
