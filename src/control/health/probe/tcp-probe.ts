/** tcp-probe — whether an address takes a connection. */
import net from 'node:net'
import { type Probe, type ProbePlace, type ProbeResult, placeOf, reason } from './probe.ts'

export function makeTcpProbe(limitMs: number): Probe {
  return (place) => knock(place, limitMs)
}

function knock({ address }: ProbePlace, limitMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = net.connect(placeOf(address))
    const end = (result: ProbeResult) => {
      clearTimeout(late)
      socket.destroy()
      resolve(result)
    }
    const late = setTimeout(() => end({ kind: 'timeout' }), limitMs)
    socket.once('connect', () => end({ kind: 'connected' }))
    socket.on('error', (cause) => end({ kind: 'failed', why: reason(cause) }))
  })
}
