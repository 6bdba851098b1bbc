// Text that looks like text: made-up words, few of them frequent and most of them rare, the same on every machine.

/** Numbers in [0, 1) that depend on nothing but the seed (mulberry32). */
export class SeededRandom {
  private state: number

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1)
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

const vocabulary = makeVocabulary(4000)

function makeVocabulary(size: number): string[] {
  const random = new SeededRandom(7)
  const syllables = 'ba be co da de el fi go ha in ka lo ma ne or pa qui ra se ti ur va wen xo yl zu'.split(' ')
  return Array.from({ length: size }, () =>
    Array.from({ length: 1 + random.below(4) }, () => random.pick(syllables)).join(''),
  )
}

/** Words of together `bytes` bytes, or up to one word more. */
export function makeText(random: SeededRandom, bytes: number): string {
  let text = ''
  while (text.length < bytes) {
    // The cube makes a few words as frequent as "the" and most of them rare, as in every language.
    const chance = random.next()
    text += `${vocabulary[Math.floor(chance * chance * chance * vocabulary.length)]} `
  }
  return text.trimEnd()
}
