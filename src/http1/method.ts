/**
 * The method of a request (RFC 9110 §9.1), which is told apart by case.
 *
 * HOT     Runs once a request of plugins that treat some methods differently.
 */
import type { Head } from './head.ts'

export function isMethod(head: Head, method: string): boolean {
  const start = head.methodStart
  if (head.methodEnd - start !== method.length) return false
  for (let i = 0; i < method.length; i++) if (head.bytes[start + i] !== method.charCodeAt(i)) return false
  return true
}
