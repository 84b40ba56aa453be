/** metrics — what /metrics of a gateway shows, as values by line. */
import type { Gateway } from './gateway.ts'

export async function scrape(gateway: Pick<Gateway, 'statusPort'>): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`)
  return await answer.text()
}

/** By name and labels, as they stand in the text. */
export function readSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ')
    if (!line.startsWith('#') && at > 0) samples.set(line.slice(0, at), Number(line.slice(at + 1)))
  }
  return samples
}

export async function samplesOf(gateway: Pick<Gateway, 'statusPort'>): Promise<Map<string, number>> {
  return readSamples(await scrape(gateway))
}
