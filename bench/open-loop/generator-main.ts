/** generator-main — the process of the open-loop generator. */
import { setPriority } from 'node:os'
import { answerQuestion } from './ask-process.ts'
import { findTarget } from './client/target.ts'
import { Generator } from './generator.ts'
import type { OpenQuestion } from './run-open-load.ts'

/** The generator polls, so as an equal of the others on its core it would take half of it. */
const LOWEST = 19

await answerQuestion(async ({ load, isGuest }: OpenQuestion) => {
  if (isGuest) setPriority(LOWEST)
  const target = await findTarget(load.origin, load.timeoutMs)
  return await new Generator(load, target).run()
})
