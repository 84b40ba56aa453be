/**
 * noise — whether a handful of noisy rounds can tell on which side of a bound a change lies.
 *
 * The true ratio of a change is as likely below a round's ratio as above it, whatever the noise looks like. So, were it
 * just at the bound, n rounds would fall on the two sides like coins, and one can count how rarely they fall so that
 * nearly all lie on one side. The change is
 *   over     when so few rounds are within the bound that chance does it at most once in 20: 5 of 5, 7 of 7, 8 of 9;
 *   within   when so few rounds are over it that chance does it at most once in 5: at most 1 of 5, 2 of 9;
 *   unclear  otherwise: the bound lies inside the noise, and more rounds, or a quieter machine, are needed.
 *
 * The two levels differ because the mistakes do. A false alarm costs somebody a day, and a gate has dozens of bounds;
 * to let a change pass that is just at the bound costs 5 %, and further off much less slips through. There is no
 * assumption about the size of the noise: wide noise makes `unclear`, not alarms. The mean with its error, instead,
 * would have to trust five rounds for the width of the noise, and one stall of the machine would spoil it.
 *
 * With 5 rounds, each measurement off by up to the noise either way, and a bound of 1.05 (noise.test.ts counts it):
 *   noise    no change: alarm · held      twice the CPU: caught      +10 %: caught · held
 *   ± 2 %         0 %  · 100 %                100 %                    100 % ·  0 %
 *   ± 5 %         0 %  ·  87 %                100 %                     46 % ·  0 %
 *   ±10 %       0.2 %  ·  56 %                100 %                     17 % ·  3 %
 *   ±30 %         1 %  ·  30 %                100 %                      6 % · 11 %
 * So 5 % is told apart only where rounds agree within about 2 %; a bound of 1.5 is held by 97 % at ±30 % too.
 * Fewer than 5 rounds can never say `over`, fewer than 3 nothing at all.
 */

const OVER_LEVEL = 1 / 20
const WITHIN_LEVEL = 1 / 5

export type Side = 'over' | 'within' | 'unclear'

export function sideOf(ratios: readonly number[], isOver: (ratio: number) => boolean): Side {
  const over = ratios.filter(isOver).length
  const within = ratios.length - over
  if (within <= strayMost(ratios.length, OVER_LEVEL)) return 'over'
  return over <= strayMost(ratios.length, WITHIN_LEVEL) ? 'within' : 'unclear'
}

/** How many of n coins may fall on the rare side while chance does that, or less, at most at this level; -1 for none. */
export function strayMost(n: number, level: number): number {
  let ways = 1
  let sum = 0
  let stray = -1
  while (stray < n) {
    sum += ways
    if (sum / 2 ** n > level) break
    stray++
    ways = (ways * (n - stray)) / (stray + 1)
  }
  return stray
}
