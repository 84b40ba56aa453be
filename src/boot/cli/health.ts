/** `sluice health`: whether the gateway of this PREFIX runs and answers; for container health checks. */
import { faults, GatewayError } from '../../base/faults.ts'
import { EXIT_OK } from './exit-codes.ts'
import { askStatus, running } from './running.ts'

export async function health(): Promise<number> {
  const gateway = running()
  const answer = await askStatus(gateway, '/status')
  if (gateway.status !== '' && answer?.status !== 200) {
    throw new GatewayError(faults.NOT_RUNNING, `pid ${gateway.pid} does not answer at ${gateway.status}`)
  }
  const workers = answer === null ? [] : (JSON.parse(answer.body).sluice.workers as { state: string }[])
  const ready = workers.filter((worker) => worker.state === 'ready').length
  if (answer !== null && ready === 0) {
    throw new GatewayError(faults.NOT_RUNNING, `pid ${gateway.pid} has no worker that is ready`)
  }
  const detail = answer === null ? '' : `, ${ready} of ${workers.length} workers ready`
  process.stdout.write(`sluice is healthy (pid ${gateway.pid}${detail})\n`)
  return EXIT_OK
}
