import { type Fault, isBulk, type PassingAnswer } from './interfering-proxy.ts'
import { seededChance } from './seeded-chance.ts'

interface Item {
  readonly lines: string
  readonly action: string
  readonly id: string
  readonly isRefused: boolean
}

/** Refuses this share of all bulk items with 429; the cluster sees the others, and its answers stand in their places. */
export function refuseItems(share: number, seed: number, onRefusal: () => void): Fault {
  const chance = seededChance(seed)
  return async (request, next) => {
    if (!isBulk(request)) return next(request)
    const items = readItems(request.body, () => chance() < share)
    for (const { isRefused } of items) if (isRefused) onRefusal()
    const left = items.filter((item) => !item.isRefused)
    const body = Buffer.from(left.map((item) => item.lines).join(''))
    // A bulk request of nothing is an error, so there is no cluster to ask.
    const empty: PassingAnswer = { status: 200, headers: {}, body: Buffer.from('{"took":0,"errors":false,"items":[]}') }
    const answer = left.length > 0 ? await next({ ...request, body }) : empty
    return answer.status === 200 ? { ...answer, body: mergeItems(items, answer.body) } : answer
  }
}

function readItems(body: Buffer, isRefused: () => boolean): Item[] {
  const lines = body.toString().split('\n').slice(0, -1)
  const items: Item[] = []
  for (let n = 0; n < lines.length; n += 2) {
    const [[action, { _id }]] = Object.entries<{ _id: string }>(JSON.parse(lines[n]!)) as [[string, { _id: string }]]
    items.push({ lines: `${lines[n]}\n${lines[n + 1]}\n`, action, id: _id, isRefused: isRefused() })
  }
  return items
}

function mergeItems(items: readonly Item[], body: Buffer): Buffer {
  const answer = JSON.parse(body.toString())
  const taken: unknown[] = answer.items
  const error = { type: 'es_rejected_execution_exception', reason: 'rejected execution of primary operation' }
  const merged = items.map(({ action, id, isRefused }) =>
    isRefused ? { [action]: { _index: 'i', _id: id, status: 429, error } } : taken.shift(),
  )
  const errors = answer.errors || items.some((item) => item.isRefused)
  return Buffer.from(JSON.stringify({ ...answer, errors, items: merged }))
}
