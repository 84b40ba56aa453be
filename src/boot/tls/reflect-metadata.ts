/** The five functions of Reflect's metadata that the injector inside @peculiar/x509 asks for; imported before it. */

const kept = new WeakMap<object, Map<unknown, unknown>>()

function getOwnMetadata(key: unknown, target: object): unknown {
  return kept.get(target)?.get(key)
}

const additions = {
  getOwnMetadata,
  getMetadata: getOwnMetadata,
  hasOwnMetadata: (key: unknown, target: object) => kept.get(target)?.has(key) === true,
  defineMetadata(key: unknown, value: unknown, target: object) {
    const own = kept.get(target) ?? new Map()
    kept.set(target, own.set(key, value))
  },
  metadata: (key: unknown, value: unknown) => (target: object) =>
    additions.defineMetadata(key, value, target),
}

if (!('getMetadata' in Reflect)) Object.assign(Reflect, additions)
