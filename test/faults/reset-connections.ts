import type { Fault } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

/** Resets the connection of this share of all requests, half of them after the cluster has done what they ask for. */
export function resetConnections(share: number, seed: number, onReset: () => void): Fault {
  const chance = seededChance(seed)
  return async (request, next) => {
    if (chance() >= share) return next(request)
    onReset()
    const answer = chance() < 0.5 ? await next(request) : { status: 200, headers: {}, body: Buffer.alloc(0) }
    return { ...answer, cutAfter: 0 }
  }
}
