/** A Redis that is never asked: for a configuration that is only checked or explained. */
import type { RedisLink, RedisOpener } from '../../../contract/machine/redis.ts'

const NO_LINK: RedisLink = { state: 'down', check: () => false, push: () => false, close: () => {} }

export const NO_REDIS: RedisOpener = { open: () => NO_LINK }
