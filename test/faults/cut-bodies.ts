import { type Fault, isSearch } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

/** Cuts the connection somewhere in the body of an answer to a search. `isCut` gets the number of the search. */
export function cutBodies(isCut: (search: number) => boolean, seed: number): Fault & { cuts: number } {
  const chance = seededChance(seed)
  let searches = 0
  const fault: Fault = async (request, next) => {
    const answer = await next(request)
    if (!isSearch(request) || !isCut(searches++)) return answer
    counting.cuts++
    return { ...answer, cutAfter: 1 + Math.floor(chance() * (answer.body.length - 1)) }
  }
  const counting = Object.assign(fault, { cuts: 0 })
  return counting
}
