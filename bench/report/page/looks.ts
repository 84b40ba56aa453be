/**
 * looks — the colour and dash a subject has everywhere on the page.
 *
 * The reference, whom all are compared with, is grey and ours is blue; the rest take colours that stay apart for
 * colour-blind eyes (after Okabe and Ito, darker on white and lighter on black), and dashes of their own besides.
 */
import type { RunResult } from '../result.ts'

export interface Look {
  /** A class of the page's style: `s0` … */
  readonly colour: string
  readonly dash: string
  readonly isOurs: boolean
}

export type Looks = (name: string) => Look

/** For light and dark; of `s0`, `s1`, … */
export const COLOURS: readonly (readonly [light: string, dark: string])[] = [
  ['#4d545c', '#c5ccd3'],
  ['#0068a8', '#54b4f0'],
  ['#c65200', '#ff9350'],
  ['#008a64', '#36cfa0'],
  ['#a8467f', '#ea9dc8'],
  ['#8f6a00', '#e9b93c'],
  ['#6e4a2a', '#cda47c'],
  ['#007f91', '#54d3e3'],
]

const DASHES = ['', '', '8 3', '2 3', '9 3 2 3', '5 3', '1 4', '12 4']
const OURS = 'sluice'
const [REFERENCE_COLOUR, OUR_COLOUR] = [0, 1]

export function looksOf({ reference, scenarios }: RunResult): Looks {
  const names = new Set(scenarios.flatMap(({ subjects }) => subjects.map(({ name }) => name)))
  const looks = new Map<string, Look>()
  let next = 2
  for (const name of names) {
    const isOurs = name === OURS
    const colour = isOurs ? OUR_COLOUR : name === reference ? REFERENCE_COLOUR : next++ % COLOURS.length
    looks.set(name, { colour: `s${colour}`, dash: DASHES[colour]!, isOurs })
  }
  return (name) => looks.get(name) ?? { colour: 's0', dash: '', isOurs: false }
}
