/** A pool that takes no work: for a configuration that is only checked or explained. */
import type { Offload } from '../../../contract/machine/offload.ts'

export const NO_OFFLOAD: Offload = { task: () => ({ run: () => false }) }
