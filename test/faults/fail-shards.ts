import { type Fault, isSearch } from './interfering-proxy.ts'

/** Answers searches as a cluster does of which a shard has failed: fewer hits, status 200. `isFailing` gets the number of the search. */
export function failShards(isFailing: (search: number) => boolean): Fault {
  let searches = 0
  return async (request, next) => {
    const answer = await next(request)
    if (!isSearch(request) || answer.status !== 200 || !isFailing(searches++)) return answer
    const found = JSON.parse(answer.body.toString())
    const reason = { type: 'node_disconnected_exception', reason: 'gone' }
    found._shards = { ...found._shards, successful: 0, failed: 1, failures: [{ shard: 0, index: 'i', reason }] }
    found.hits.hits = found.hits.hits.slice(0, found.hits.hits.length >> 1)
    return { ...answer, body: Buffer.from(JSON.stringify(found)) }
  }
}
