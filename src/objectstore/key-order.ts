// The order of keys in every store: that of their UTF-8 bytes.

/**
 * Compares as the bytes would. JavaScript compares UTF-16 units, in which the surrogates of characters beyond U+FFFF
 * come before U+E000 and in bytes behind it.
 */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let place = 0; place < length; place++) {
    const a = left.charCodeAt(place)
    const b = right.charCodeAt(place)
    if (a === b) continue
    const aIsSurrogate = a >= 0xd800 && a <= 0xdfff
    const bIsSurrogate = b >= 0xd800 && b <= 0xdfff
    if (aIsSurrogate === bIsSurrogate) return a - b
    return aIsSurrogate ? 1 : -1
  }
  return left.length - right.length
}
