/** What a parser answers when it does not answer a position. */
export const MORE = -1
export const MALFORMED = -2
export const TOO_LARGE = -3
export const TARGET_TOO_LONG = -4
export const BAD_VERSION = -5
