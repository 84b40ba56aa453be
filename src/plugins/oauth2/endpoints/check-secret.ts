/** check-secret — a client's secret against its hash, in another thread: it costs milliseconds. */
import { pbkdf2, timingSafeEqual } from 'node:crypto'

export interface Asked {
  readonly given: string
  /** `$pbkdf2-sha512$i=10000,l=32$SALT$HASH`, base64 without padding. */
  readonly stored: string
}

const FORM = /^\$pbkdf2-sha512\$i=(\d{1,7}),l=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

export function isHash(stored: string): boolean {
  return FORM.test(stored)
}

export function checkSecret({ given, stored }: Asked): Promise<boolean> {
  const [, rounds = '', length = '', salt = '', hash = ''] = FORM.exec(stored) ?? []
  const expected = Buffer.from(hash, 'base64')
  if (expected.length === 0 || expected.length !== Number(length)) return Promise.resolve(false)
  return new Promise((resolve, reject) => {
    pbkdf2(given, Buffer.from(salt, 'base64'), Number(rounds), expected.length, 'sha512', (error, made) => {
      if (error === null) resolve(timingSafeEqual(made, expected))
      else reject(error)
    })
  })
}
