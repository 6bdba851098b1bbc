import { type Fault, isSearch } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

/** Announces a length that is not true: the answer ends too early for it, or is cut where it says. */
export function wrongLengths(share: number, seed: number, onWrong: () => void): Fault {
  const chance = seededChance(seed)
  return async (request, next) => {
    const answer = await next(request)
    if (!isSearch(request) || answer.body.length < 2 || chance() >= share) return answer
    onWrong()
    const { length } = answer.body
    return { ...answer, announced: chance() < 0.5 ? length + 100 : Math.max(1, Math.floor(chance() * length)) }
  }
}
