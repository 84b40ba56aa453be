/** slot-state — what slots have in common: where they stand, and which request they carry. */

export class SlotState {
  protected state: 'closed' | 'connecting' | 'idle' | 'busy' = 'closed'
  index = 0
  dueUs = 0
  openedUs = 0
  served = 0

  get isClosed(): boolean {
    return this.state === 'closed'
  }

  get isConnecting(): boolean {
    return this.state === 'connecting'
  }

  get isIdle(): boolean {
    return this.state === 'idle'
  }

  get isBusy(): boolean {
    return this.state === 'busy'
  }
}
