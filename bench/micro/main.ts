/**
 * Runs all micro benches, or those groups that are asked for.
 *
 *     node dist/bench/micro/main.js [--rounds 9] [--only router] [--only codec] [--json]
 */
import { benches } from './all.ts'
import { runBenches } from './frame/run.ts'

await runBenches(benches)
