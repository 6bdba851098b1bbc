import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

/** Holds answers back for up to `msMax`, so that they come in another order than their requests. */
export function delayAnswers(msMax: number, seed: number): Fault {
  const chance = seededChance(seed)
  return async (request, next) => {
    const answer = await next(request)
    await sleep(chance() * msMax)
    return answer
  }
}
