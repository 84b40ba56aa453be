/** label-text — labels as Prometheus' text form has them between the braces, from whatever they are called. */

/** `labels`: names and values in turn. */
export function labelText(labels: readonly string[]): string {
  let text = ''
  for (let i = 0; i + 1 < labels.length; i += 2)
    text += `${i === 0 ? '' : ','}${labels[i]!}="${escapeLabel(labels[i + 1]!)}"`
  return text
}

const SPECIAL = /[\\"\u0000-\u001f\u007f\ud800-\udfff]/

/** Control characters, which a terminal would obey, and halves of characters become U+FFFD. */
export function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value
  return value
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '\ufffd')
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/\n/g, '\\n')
}

/** HELP knows no quotes. */
export function escapeHelp(says: string): string {
  return says.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
}
