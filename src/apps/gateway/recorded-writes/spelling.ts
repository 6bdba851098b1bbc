// What the servers read in a call that looks otherwise. Where it cannot be told, more is recorded than the call does.
import type { GatewayCall } from '../route.ts'
import { parsePath, withoutOrigin } from '../router.ts'

/** Whether a segment of the path stands there without percent signs. */
export function isInPlainLetters(url: string, segment: number): boolean {
  if (!url.includes('%')) return true
  const path = withoutOrigin(url).split('?', 1)[0] as string
  return path.split('/').filter(Boolean)[segment]?.includes('%') !== true
}

/** Whether its path is UTF-8. */
export const isWellSpelled = (url: string): boolean => parsePath(url).segments !== undefined

/** Elasticsearch from 2.x on takes `;` for `&` between parameters, 1.x does not. */
export const isAmbiguous = (url: string): boolean => parsePath(url).query.includes(';')

/** The last one of several counts to the servers; here any. */
export const pipelineOf = (query: URLSearchParams): string | undefined =>
  query.getAll('pipeline').find((name) => name !== '' && name !== '_none')

/** Whether it may go on in the cluster when it is answered: until 5.x `no`, `off` and `0` are false as well. */
export const callGoesOn = ({ query, url }: Pick<GatewayCall, 'query' | 'url'>): boolean =>
  isAmbiguous(url) || query.getAll('wait_for_completion').some((value) => value !== 'true' && value !== '')

/** Whether actions of `_aliases` may delete indexes. A body may also stand in the line. */
export async function saysRemoveIndex(call: GatewayCall): Promise<boolean> {
  if (call.query.has('source')) return true
  return /remove_index|\\u/.test((await call.body()).toString('latin1'))
}
