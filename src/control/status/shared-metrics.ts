/** shared-metrics — how full the tables are that all threads share. */
import type { Shared } from '../../contract/machine/shared-memory.ts'
import { preamble, sample } from './metric-lines.ts'

export function sharedMetrics({ limits, targets, upstreams }: Shared): string[] {
  const rows = [
    ['targets', targets],
    ['upstreams', upstreams],
  ] as const
  const label = (table: string) => `table="${table}"`
  return [
    ...preamble('sluice_limit_entries', 'gauge', 'Slots that have ever held a key.'),
    sample('sluice_limit_entries', '', limits.entries),
    ...preamble('sluice_limit_slots', 'gauge', 'Keys there is room for.'),
    sample('sluice_limit_slots', '', limits.slots),
    ...preamble(
      'sluice_limit_evictions_total',
      'counter',
      'Keys that lost their count to others for want of room.',
    ),
    sample('sluice_limit_evictions_total', '', limits.evicted),
    ...preamble('sluice_shared_rows_used', 'gauge', 'Rows in use for the state of targets and upstreams.'),
    ...rows.map(([table, { taken }]) => sample('sluice_shared_rows_used', label(table), taken)),
    ...preamble('sluice_shared_rows', 'gauge', 'Rows there are.'),
    ...rows.map(([table, { count }]) => sample('sluice_shared_rows', label(table), count)),
    ...preamble(
      'sluice_unshared_rows_total',
      'counter',
      'Times a thread found no row left and went on with a state of its own.',
    ),
    ...rows.map(([table, { unshared }]) => sample('sluice_unshared_rows_total', label(table), unshared)),
  ]
}
