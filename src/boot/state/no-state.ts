/** A state that keeps nothing: for a configuration that is only checked or explained. */
import { StateError, StateStore } from '../../contract/machine/state-store.ts'

class NoState extends StateStore {
  override get(): Promise<never> {
    return refuse()
  }

  override take(): Promise<never> {
    return refuse()
  }

  override commit(): Promise<never> {
    return refuse()
  }

  override list(): Promise<never> {
    return refuse()
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new StateError('away', 'nothing is kept here'))
}

export const NO_STATE: StateStore = new NoState()
