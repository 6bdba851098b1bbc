// Ids that people type.
import { assert } from '../foundation/assert.ts'
import { chance } from '../foundation/clock.ts'

/** Without characters that look alike. */
const letters = '23456789abcdefghjkmnpqrstuvwxyz'

/** The prefix and five characters. */
export function freeShortId(prefix: string, isTaken: (id: string) => boolean): string {
  for (let attempt = 1; ; attempt++) {
    assert(attempt <= 1000, 'an id is free')
    const digits = Array.from({ length: 5 }, () => letters[Math.floor(chance() * letters.length)])
    const id = `${prefix}${digits.join('')}`
    if (!isTaken(id)) return id
  }
}
