/** Fails with one line for each thing that is wrong, and nothing else. */
import assert from 'node:assert/strict'

export function assertNone(wrong: readonly string[]): void {
  if (wrong.length > 0) assert.fail(`${wrong.length} found:\n${wrong.join('\n')}`)
}
