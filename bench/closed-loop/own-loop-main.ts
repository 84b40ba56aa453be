/** own-loop-main — the process of the closed loop of our own. */
import { answerQuestion } from '../open-loop/ask-process.ts'
import { findTarget } from '../open-loop/client/target.ts'
import type { ClosedLoad } from './load-result.ts'
import { OwnLoop } from './own-loop.ts'

/** Of the first look at whether somebody listens. */
const LOOK_MS = 10_000

await answerQuestion(async (load: ClosedLoad) =>
  new OwnLoop(load, await findTarget(load.origin, LOOK_MS)).run(),
)
