/** What looking for a key comes to. */
export type Found = 0 | 1 | 2

/** Also a name without a value, or with one that is no text: the next name is tried. */
export const NOTHING = 0
export const ONE = 1
export const SEVERAL = 2
