/** traffic-source — has what the workers count by route added up each few seconds, for as long as the gateway runs. */
import { Traffic, TURN_EVERY_MS } from '../../control/traffic/traffic.ts'

export class TrafficSource {
  readonly traffic: Traffic
  readonly #timer: NodeJS.Timeout

  constructor(buffer: SharedArrayBuffer) {
    this.traffic = new Traffic(buffer, () => performance.now())
    this.#timer = setInterval(() => this.traffic.turn(), TURN_EVERY_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
