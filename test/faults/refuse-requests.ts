import type { Fault } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

/** Answers this share of all requests with 429 or 503, of which the cluster sees nothing. */
export function refuseRequests(share: number, seed: number, onRefusal: () => void): Fault {
  const chance = seededChance(seed)
  return async (request, next) => {
    if (chance() >= share) return next(request)
    onRefusal()
    const status = chance() < 0.5 ? 429 : 503
    const error = { type: 'es_rejected_execution_exception', reason: 'the queue is full' }
    const body = Buffer.from(JSON.stringify({ error, status }))
    return { status, headers: { 'content-type': 'application/json' }, body }
  }
}
