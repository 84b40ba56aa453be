/** The ways in which a trace's ids are written into header fields, by Kong's names. */

export const FORMAT_NAMES = [
  'w3c',
  'b3',
  'b3-single',
  'jaeger',
  'ot',
  'datadog',
  'aws',
  'gcp',
  'instana',
] as const

export type FormatName = (typeof FORMAT_NAMES)[number]

/** Those that Kong reads by name: its 'b3' reads the single field too. */
export const EXTRACT_NAMES = ['b3', 'w3c', 'jaeger', 'ot', 'datadog', 'aws', 'gcp', 'instana'] as const

export type ExtractName = (typeof EXTRACT_NAMES)[number]
