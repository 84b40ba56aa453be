/** Reads what an answer uses of each limit: `videos=1, images=2`, in one header or several. */

/** Counts are kept in 31 bits, and one answer must not fill them. */
const AMOUNT_MAX = 1_000_000_000

/** By the limits' order; names that are not limits, and what is no number, say nothing. */
export function readAmounts(values: readonly string[], names: readonly string[]): number[] {
  const amounts = names.map(() => 0)
  for (const part of values.join(',').split(',')) {
    const [name, amount, ...more] = part.split('=').map((text) => text.trim())
    const at = names.indexOf(name ?? '')
    if (at < 0 || amount === undefined || amount === '' || more.length > 0) continue
    const number = Math.ceil(Number(amount))
    if (number > 0) amounts[at] = Math.min(number, AMOUNT_MAX)
  }
  return amounts
}
