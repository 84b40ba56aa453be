/** How long a gRPC call may take, as its client says in `grpc-timeout`. */

/** Milliseconds by unit. */
const UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}

/** Milliseconds; Infinity for a value that is none, which the target may judge. */
export function readGrpcTimeout(value: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value)
  return match === null ? Infinity : Number(match[1]) * UNITS[match[2]!]!
}
