// Whether the caller may do what is asked. Only the cluster knows: it is asked, in the caller's name, for something harmless that needs as much.
// Clusters without security say yes to everybody.
import { isJsonObject, type JsonValue } from '../../../model/json.ts'
import { parseForPrinting } from '../body-json.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'

/** Undefined: he may. */
export type Refusal = GatewayAnswer | undefined

/** Whoever may search an index may see how its replication goes. */
export const mayRead = (call: GatewayCall, index: string): Promise<Refusal> =>
  ask(call, 'GET', `/${encodeURIComponent(index)}/_search?size=0&ignore_unavailable=true`)

/** A refresh changes nothing, and needs the right to manage the index. */
export const mayManage = (call: GatewayCall, index: string): Promise<Refusal> =>
  ask(call, 'POST', `/${encodeURIComponent(index)}/_refresh`)

/** A script of this name is nowhere; to be told so needs the right to manage the cluster. */
export const mayManageCluster = (call: GatewayCall): Promise<Refusal> =>
  ask(call, 'DELETE', '/_scripts/indexferry-has-no-such-script')

export const mayMonitor = (call: GatewayCall): Promise<Refusal> => ask(call, 'GET', '/_cluster/health')

async function ask(call: GatewayCall, method: string, url: string): Promise<Refusal> {
  const { status, headers, body: bytes } = await call.askCluster({ method, url })
  const body = parseForPrinting(bytes)
  if (!isRefusal(status, body)) return undefined
  const challenge = headers['www-authenticate']
  return {
    status,
    headers: typeof challenge === 'string' ? { 'www-authenticate': challenge } : {},
    body: body ?? bytes,
  }
}

/**
 * Rights are looked at before anything else, so that an index that is closed, missing or without its shards answers only to whom it may. A block
 * is also a 403. OpenSearch answers 503 without an object to everybody until its security is there.
 */
function isRefusal(status: number, body: JsonValue | undefined): boolean {
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error : undefined
  if (status === 401 || status === 403) return error?.type !== 'cluster_block_exception'
  return status === 429 || (status >= 500 && error === undefined)
}
