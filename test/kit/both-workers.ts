/** both-workers — a gateway of two workers, and connections that are known to reach each of them. */
import assert from 'node:assert/strict'
import { until } from './command.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { connect, get, type RawClient } from './raw-client.ts'

/** `config`: the text of a kong.yml. */
export function openTwoWorkers(config: string): Promise<Gateway> {
  return openGateway({ config, engine: 'node', env: { SLUICE_WORKERS: '2' } })
}

interface WorkerView {
  readonly state: string
  readonly connections: number
}

/** At least `least` connections, at least one in every worker. `path`: of a route that sends nothing to a target. */
export async function connectToAll(gateway: Gateway, least: number, path: string): Promise<RawClient[]> {
  const clients: RawClient[] = []
  await until('a connection in every worker', async () => {
    const client = await connect({ port: gateway.port })
    clients.push(client)
    await client.send(get(path))
    assert.notEqual((await client.answer()).status, 0)
    const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}/status`)
    const { sluice } = (await answer.json()) as { sluice: { workers: WorkerView[] } }
    return clients.length >= least && sluice.workers.every((worker) => worker.connections > 0)
  })
  return clients
}

/** The status of one GET on a connection that is kept. */
export async function statusOf(client: RawClient, path: string): Promise<number> {
  await client.send(get(path))
  return (await client.answer()).status
}
