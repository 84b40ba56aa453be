/** `propagation`, `header_type` and `default_header_type` of Kong's tracing plugins, and what they ask for. */
import { s } from '../../contract/schema.ts'
import { EXTRACT_NAMES, type ExtractName, FORMAT_NAMES, type FormatName } from './format.ts'
import type { PropagationSettings } from './propagation.ts'

const NONE: readonly never[] = []

/** The record `propagation` of a plugin's schema. */
export function propagationField<const D extends FormatName>(defaultFormat: D) {
  return s.record(
    {
      extract: s.array(s.string({ one_of: EXTRACT_NAMES }), {
        says: 'Formats in which the trace of a request is looked for, in this order. Empty: none, each begins a trace.',
      }),
      clear: s.array(s.string(), { says: 'Headers that the target is not sent, once they have been read.' }),
      inject: s.array(s.string({ one_of: ['preserve', ...FORMAT_NAMES] }), {
        says: 'Formats in which the target is told of the trace; `preserve`: the one that came in. Empty: none.',
      }),
      default_format: s.string({
        required: true,
        default: defaultFormat,
        one_of: FORMAT_NAMES,
        says: 'The format for `preserve` where none came in.',
      }),
    },
    {
      required: true,
      default: { default_format: defaultFormat },
      says: 'In which header fields traces come and go.',
    },
  )
}

export const headerTypeField = s.string({
  default: 'preserve',
  one_of: ['preserve', 'ignore', ...FORMAT_NAMES],
  says: 'Deprecated, see `propagation`: `ignore`, or a format that is sent besides the one that came in.',
})

export interface PropagationConfig {
  readonly propagation: {
    readonly extract: readonly ExtractName[] | null
    readonly clear: readonly string[] | null
    readonly inject: readonly (FormatName | 'preserve')[] | null
    readonly default_format: FormatName
  }
  readonly header_type: FormatName | 'preserve' | 'ignore' | null
  readonly default_header_type?: FormatName | null
}

/** The older fields count only where `propagation` says no more than its default format. */
export function readPropagation(config: PropagationConfig): PropagationSettings {
  const { extract, clear, inject, default_format } = config.propagation
  if (extract !== null || clear !== null || inject !== null) {
    return {
      extract: extract ?? NONE,
      clear: clear ?? NONE,
      inject: inject ?? NONE,
      defaultFormat: default_format,
    }
  }
  const type = config.header_type ?? 'preserve'
  const defaultFormat = config.default_header_type ?? default_format
  if (type === 'ignore') return { extract: NONE, clear: NONE, inject: [defaultFormat], defaultFormat }
  const formats: (FormatName | 'preserve')[] = type === 'preserve' ? ['preserve'] : ['preserve', type]
  return { extract: EXTRACT_NAMES, clear: NONE, inject: formats, defaultFormat }
}
