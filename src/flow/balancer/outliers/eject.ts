/** eject — takes an outlier out for a while, as far as the upstream allows (as Envoy). */
import type { TargetState } from '../../../state/target-state.ts'
import type { UpstreamState } from '../../../state/upstream-state.ts'
import type { OutlierInput } from '../upstream-input.ts'

/** `hosts`: the targets of the upstream that have weight. True for exactly one of those who try. */
export function ejectTarget(
  upstream: UpstreamState,
  state: TargetState,
  settings: OutlierInput,
  at: { readonly hosts: number; readonly nowMs: number },
): boolean {
  if (state.isEjected) return false
  if (!upstream.tryEject(at.hosts, settings.max_ejection_percent, settings.always_eject_one_host))
    return false
  if (state.eject(at.nowMs, multiplierMax(settings))) return true
  upstream.giveEjection()
  return false
}

/** The multiplier grows while base x multiplier is below the longest ejection and one base more. */
function multiplierMax({ base_ejection_time: base, max_ejection_time: max }: OutlierInput): number {
  return Math.ceil((max + base) / base)
}

/** How long an ejection that began at `ejectedAtMs` lasts. */
export function ejectionMs(settings: OutlierInput, multiplier: number, ejectedAtMs: number): number {
  const longest = Math.max(settings.max_ejection_time, settings.base_ejection_time)
  const seconds = Math.min(settings.base_ejection_time * multiplier, longest)
  return (seconds + settings.max_ejection_time_jitter * scatter(ejectedAtMs)) * 1000
}

/** In [0, 1): the same each time the same ejection is looked at, or its jitter would shrink with every look. */
function scatter(ejectedAtMs: number): number {
  return (Math.imul((ejectedAtMs * 1000) | 0, 0x9e3779b1) >>> 0) / 2 ** 32
}

/** Whether a rule that is enforced `percent` of the time is enforced now; `random` in [0, 1). */
export function isEnforced(percent: number, random: number): boolean {
  return random * 100 < percent
}
